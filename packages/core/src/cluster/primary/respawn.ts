import type { Worker } from 'node:cluster';
import { clearTimeout, now, setTimeout } from '../../clock.ts';
import type { Supervision } from './supervisor-options.ts';
import { nodeCluster } from '../../process/node-cluster.ts';

/** A worker that was ready for less counts as a crash on start; so does one that died unready within `readyTimeout`. */
const SHORT_LIFE_MS = 1_000;

/** First and longest wait before a new worker, in milliseconds. */
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;

/** Keeps the number of workers, if the supervisor was given one. */
export interface Respawner {
  readonly start: () => void;
  /** Forks a worker that is replaced if it dies, unless it leaves because a reload replaced it. */
  readonly fork: () => Worker;
  readonly stop: () => void;
}

interface Life {
  readonly born: number;
  ready: number | undefined;
}

export interface RespawnContext {
  readonly ready: (worker: Worker) => Promise<void>;
  /** Called after `crashLimit` crashes in a row. */
  readonly giveUp: (why: string) => void;
}

export function createRespawner(
  { workers, crashLimit, readyTimeout }: Supervision,
  { ready, giveUp }: RespawnContext,
): Respawner {
  const lives = new Map<Worker, Life>();
  const timers = new Set<NodeJS.Timeout>();
  let crashes = 0;
  let stopped = false;

  function fork(): Worker {
    const worker = nodeCluster().fork();
    const life: Life = { born: now(), ready: undefined };
    lives.set(worker, life);
    void ready(worker).then(() => {
      life.ready = now();
    });
    // A worker that could not be started (EAGAIN, ENOMEM) emits no `exit`.
    worker.on('error', (error) => {
      if (worker.process.pid === undefined) onEnd(worker, error.message);
    });
    return worker;
  }

  function onExit(worker: Worker, code: number | null, signal: string | null): void {
    onEnd(worker, signal === null ? `code ${code}` : signal, code === 0);
  }

  function onEnd(worker: Worker, how: string, byItself = false): void {
    const life = lives.get(worker);
    lives.delete(worker);
    if (stopped || workers === undefined || life === undefined || lives.size + timers.size >= workers) return;
    crashes = crashedOnStart(life, byItself) ? crashes + 1 : 0;
    if (crashes >= crashLimit) {
      giveUp(`${crashes} workers in a row died as soon as they were started, the last with ${how}`);
      return;
    }
    const wait = crashes === 0 ? 0 : Math.min(FIRST_WAIT_MS * 2 ** (crashes - 1), LONGEST_WAIT_MS);
    const timer = setTimeout(() => {
      timers.delete(timer);
      fork();
    }, wait);
    timers.add(timer);
  }

  /**
   * Readiness decides, not age alone: on a machine under load a program may take seconds to get as far as its error. A
   * worker that does jobs, listens nowhere and exits when it has done some is never ready.
   */
  function crashedOnStart(life: Life, byItself: boolean): boolean {
    if (byItself && now() - life.born > SHORT_LIFE_MS) return false;
    return life.ready === undefined ? now() - life.born < readyTimeout : now() - life.ready < SHORT_LIFE_MS;
  }

  return {
    start: () => {
      nodeCluster().on('exit', onExit);
      for (let count = 0; count < (workers ?? 0); count += 1) fork();
    },
    fork,
    stop: () => {
      stopped = true;
      nodeCluster().off('exit', onExit);
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}
