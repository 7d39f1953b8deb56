import type { Worker } from 'node:cluster';
import { createDeadline, turn } from '../../clock.ts';
import type { WorkerReport } from '../../api/report.ts';
import { GracefulError } from '../../api/errors.ts';
import type { Member } from './member.ts';
import { MARGIN_MS, type Members } from './workers.ts';

/** Replaces one worker by another. */
export interface Replacer {
  /**
   * Starts a new worker, and retires the old one once the new one is ready. A worker that is being replaced is replaced
   * once, by a reload or by a signal to it.
   *
   * @throws ERR_GRACEFUL_RELOAD_FAILED if the new worker is not ready in time: it is gone then, and the old one stays
   * @throws ERR_GRACEFUL_TOO_LATE once a shutdown began
   */
  readonly replace: (old: Member, reason: string, orderedByUs: boolean) => Promise<WorkerReport>;
  /** Tells a worker to drain and leave. One that is still there at its deadline is killed. */
  readonly retire: (old: Member, reason: string, orderedByUs: boolean) => Promise<WorkerReport>;
}

export interface ReplaceContext {
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
  { fork, stopping, retired, timeout, readyTimeout, handBack }: ReplaceContext,
): Replacer {
  const running = new Map<Member, Promise<WorkerReport>>();
  /** Kept back for the report of a worker that cuts what it has at its deadline. */
  const margin = Math.min(MARGIN_MS, timeout / 10);

  async function start(): Promise<void> {
    const fresh = members.of(fork());
    const settled = Promise.race([fresh.ready.then(() => true), fresh.exited.then(() => false)]);
    const ready = await createDeadline(readyTimeout).race(settled);
    if (stopping()) throw tooLate();
    if (ready) return;
    const why = fresh.gone()
      ? `${fresh.fate()} before it was ready`
      : `was not ready after ${readyTimeout} ms`;
    // It may have been serving for all that time.
    if (fresh.serving()) await drain(fresh, 'it was not ready', true);
    else fresh.kill();
    await fresh.exited;
    throw new GracefulError('ERR_GRACEFUL_RELOAD_FAILED', `${fresh.name} ${why}; the old workers stay`);
  }

  async function retire(old: Member, reason: string, orderedByUs: boolean): Promise<WorkerReport> {
    await drain(old, reason, orderedByUs);
    const report = old.report();
    if (!stopping()) retired(reason, report);
    return report;
  }

  async function drain(old: Member, reason: string, orderedByUs: boolean): Promise<void> {
    old.drain({ reason, timeout: timeout - margin, together: false, dismissed: orderedByUs, handBack });
    await createDeadline(timeout).race(old.exited);
    // Timers run before the poll for exits: after a SIGSTOP of this process the worker may be gone unseen.
    if (!old.gone()) await turn();
    if (!old.gone() && !stopping()) old.kill();
    await old.exited;
  }

  return {
    replace: (old, reason, orderedByUs) => {
      const known = running.get(old);
      if (known !== undefined) return known;
      const replaced = start()
        .then(() => retire(old, reason, orderedByUs))
        .finally(() => running.delete(old));
      running.set(old, replaced);
      return replaced;
    },
    retire,
  };
}

export function tooLate(): GracefulError {
  return new GracefulError('ERR_GRACEFUL_TOO_LATE', 'a shutdown began, nothing is reloaded');
}
