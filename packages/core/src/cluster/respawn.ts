import cluster, { type Worker } from 'node:cluster';
import { now } from '../clock.ts';
import type { Supervision } from './supervisor-options.ts';

/** A worker that lived for less, in milliseconds, counts as a crash on start. */
const SHORT_LIFE = 1_000;

/** First and longest wait before a new worker, in milliseconds. */
const FIRST_WAIT = 100;
const LONGEST_WAIT = 5_000;

/** Keeps the number of workers, if the supervisor was given one. */
export interface Respawner {
  readonly start: () => void;
  /** Forks a worker that is replaced if it dies, unless it leaves because a reload replaced it. */
  readonly fork: () => Worker;
  readonly stop: () => void;
}

/** @param giveUp - called after `crashLimit` crashes in a row */
export function createRespawner(
  { workers, crashLimit }: Supervision,
  giveUp: (why: string) => void,
): Respawner {
  const born = new Map<Worker, number>();
  const timers = new Set<NodeJS.Timeout>();
  let crashes = 0;
  let stopped = false;

  function fork(): Worker {
    const worker = cluster.fork();
    born.set(worker, now());
    // One that could not be started (EAGAIN, ENOMEM) has no exit.
    worker.on('error', (error) => {
      if (worker.process.pid === undefined) onEnd(worker, error.message);
    });
    return worker;
  }

  function onExit(worker: Worker, code: number | null, signal: string | null): void {
    onEnd(worker, signal === null ? `code ${code}` : signal);
  }

  function onEnd(worker: Worker, how: string): void {
    const birth = born.get(worker);
    born.delete(worker);
    if (stopped || workers === undefined || birth === undefined || born.size + timers.size >= workers) return;
    crashes = now() - birth < SHORT_LIFE ? crashes + 1 : 0;
    if (crashes >= crashLimit) {
      giveUp(`${crashes} workers in a row died within ${SHORT_LIFE} ms of their start, the last with ${how}`);
      return;
    }
    const wait = crashes === 0 ? 0 : Math.min(FIRST_WAIT * 2 ** (crashes - 1), LONGEST_WAIT);
    const timer = setTimeout(() => {
      timers.delete(timer);
      fork();
    }, wait);
    timers.add(timer);
  }

  return {
    start: () => {
      cluster.on('exit', onExit);
      for (let count = 0; count < (workers ?? 0); count += 1) fork();
    },
    fork,
    stop: () => {
      stopped = true;
      cluster.off('exit', onExit);
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}
