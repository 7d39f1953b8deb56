import { types } from 'node:util';
import type { CutConnection } from '../api/report.ts';
import { now, turn } from '../clock.ts';
import type { Track } from '../api/coordinator.ts';
import { expected } from '../api/errors.ts';
import type { Drainable } from '../drain/drainable.ts';
import { withAge } from '../connections/names.ts';

/** Work in flight that is not a connection, such as a background job. */
export interface Work extends Drainable {
  /** Returns a function that says the work is done. */
  readonly begin: (name: string) => () => void;
}

interface Job {
  readonly name: string;
  readonly since: number;
}

export function createWork(): Work {
  const jobs = new Set<Job>();
  let waiters: (() => void)[] = [];

  const describe = ({ name, since }: Job): string => withAge(name, since);

  function allDone(): Promise<void> {
    return new Promise((resolve) => {
      if (jobs.size === 0) resolve();
      else waiters.push(resolve);
    });
  }

  return {
    begin: (name) => {
      const job = { name, since: now() };
      jobs.add(job);
      return () => {
        jobs.delete(job);
        if (jobs.size > 0) return;
        const ready = waiters;
        waiters = [];
        for (const resolve of ready) resolve();
      };
    },
    counts: () => ({ open: 0, inFlight: 0, idle: 0 }),
    unsettled: () => 0,
    waiting: (limit) => [...jobs].slice(0, limit).map(describe),
    announce: () => {},
    close: () => {},
    closed: () => Promise.resolve([]),
    drained: async () => {
      // What waited for a job may begin the next one.
      do {
        await allDone();
        await turn();
      } while (jobs.size > 0);
    },
    cut: () => {
      const cut = [...jobs].map((job): CutConnection => ({
        kind: 'work',
        name: describe(job),
        requests: 0,
        lost: true,
      }));
      jobs.clear();
      return cut;
    },
    totals: () => [],
    release: () => jobs.clear(),
  };
}

/** `coordinator.track`: work by its promise, or by a name and the function that says it is done. */
export function trackWork(work: Work): Track {
  function track(name: string): () => void;
  function track<T>(promise: Promise<T>, name?: string): Promise<T>;
  function track(what: unknown, name = 'background work'): unknown {
    if (typeof what === 'string' && what !== '') return work.begin(what);
    // Under Jest, a promise of node:fs or fetch is of another realm.
    if (!types.isPromise(what)) {
      throw expected('ERR_GRACEFUL_INVALID_ARGUMENT', 'work', 'a promise or a non-empty name', what);
    }
    return what.finally(work.begin(name));
  }
  return track;
}
