import type { Worker } from 'node:cluster';
import { createDeadline } from '../../clock.ts';
import type { WorkerReport } from '../../api/report.ts';
import type { Member } from './member.ts';
import type { Members } from './workers.ts';

/** Replaces one worker by another. */
export interface Replacer {
  /** @returns the new worker, or why there is none: it is gone then */
  readonly start: () => Promise<Member | string>;
  /** Tells a worker to drain and leave. One that is still there at its deadline is killed. */
  readonly retire: (old: Member, reason: string, orderedByUs: boolean) => Promise<WorkerReport>;
}

export interface ReplaceSurroundings {
  readonly fork: () => Worker;
  /** Whether a shutdown of the whole cluster began, which decides how long a worker may take. */
  readonly stopping: () => boolean;
  readonly retired: (reason: string, worker: WorkerReport) => void;
  /** Milliseconds that an old worker has to drain. */
  readonly timeout: number;
  readonly readyTimeout: number;
  /** Whether idle connections of an old worker are dealt to others. */
  readonly handBack: boolean;
}

export function createReplacer(
  members: Members,
  { fork, stopping, retired, timeout, readyTimeout, handBack }: ReplaceSurroundings,
): Replacer {
  return {
    start: async () => {
      const fresh = members.of(fork());
      const settled = Promise.race([fresh.ready.then(() => true), fresh.exited.then(() => false)]);
      const ready = await createDeadline(readyTimeout).race(settled);
      if (ready || stopping()) return fresh;
      const why = fresh.gone()
        ? `${fresh.fate()} before it was ready`
        : `was not ready after ${readyTimeout} ms`;
      fresh.kill();
      await fresh.exited;
      return `${fresh.name} ${why}`;
    },
    retire: async (old, reason, orderedByUs) => {
      old.drain({ reason, timeout, together: false, dismissed: orderedByUs, handBack });
      await createDeadline(timeout).race(old.exited);
      if (!old.gone() && !stopping()) old.kill();
      await old.exited;
      const report = old.report();
      if (!stopping()) retired(reason, report);
      return report;
    },
  };
}
