import type { Worker } from 'node:cluster';
import { createDeadline, now } from '../../clock.ts';
import { GracefulError } from '../../api/errors.ts';
import type { Member } from './worker-handle.ts';
import type { Members } from './workers.ts';
import type { Supervision } from './supervisor-options.ts';

export interface ReloadReport {
  /** Workers that were replaced. */
  readonly replaced: number;
  /** Old workers that had to be killed at their deadline. */
  readonly killed: number;
  /** Milliseconds. */
  readonly duration: number;
}

export interface Reloader {
  readonly reload: () => Promise<ReloadReport>;
}

export interface ReloadSurroundings {
  /** Milliseconds that an old worker has to drain. */
  readonly timeout: number;
  readonly fork: () => Worker;
  readonly stopping: () => boolean;
}

export function createReloader(
  members: Members,
  { reloadConcurrency, readyTimeout }: Supervision,
  { timeout, fork, stopping }: ReloadSurroundings,
): Reloader {
  let running: Promise<ReloadReport> | undefined;

  /** @returns whether the old worker had to be killed */
  async function replace(old: Member): Promise<boolean> {
    const fresh = members.of(fork());
    const settled = Promise.race([fresh.ready.then(() => true), fresh.exited.then(() => false)]);
    const ready = await createDeadline(readyTimeout).race(settled);
    if (stopping()) throw tooLate();
    if (!ready) {
      const why = fresh.gone()
        ? `${fresh.fate()} before it was ready`
        : `was not ready after ${readyTimeout} ms`;
      fresh.kill();
      await fresh.exited;
      throw new GracefulError('ERR_GRACEFUL_RELOAD_FAILED', `${fresh.name} ${why}; the old workers stay`);
    }
    old.drain('reload', timeout, false);
    await createDeadline(timeout).race(old.exited);
    // From the signal on, the shutdown decides how long a worker may take.
    const late = !old.gone() && !stopping();
    if (late) old.kill();
    await old.exited;
    return late;
  }

  async function replaceAll(): Promise<ReloadReport> {
    const start = now();
    const queue = [...members.list()];
    let replaced = 0;
    let killed = 0;
    let failed = false;
    const lane = async (): Promise<void> => {
      try {
        for (let old = queue.shift(); old !== undefined && !failed; old = queue.shift()) {
          if (stopping()) throw tooLate();
          // It crashed in the meantime: what replaced it is new already.
          if (old.gone()) continue;
          killed += (await replace(old)) ? 1 : 0;
          replaced += 1;
        }
      } catch (error) {
        failed = true;
        throw error;
      }
    };
    const lanes = await Promise.allSettled(Array.from({ length: reloadConcurrency }, lane));
    for (const outcome of lanes) if (outcome.status === 'rejected') throw outcome.reason;
    return { replaced, killed, duration: now() - start };
  }

  return {
    reload: () => {
      if (stopping()) return Promise.reject(tooLate());
      running ??= replaceAll().finally(() => {
        running = undefined;
      });
      return running;
    },
  };
}

function tooLate(): GracefulError {
  return new GracefulError('ERR_GRACEFUL_TOO_LATE', 'a shutdown began, nothing is reloaded');
}
