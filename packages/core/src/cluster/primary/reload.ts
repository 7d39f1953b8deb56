import { now } from '../../clock.ts';
import type { Members } from './workers.ts';
import { tooLate, type Replacer } from './replace.ts';

export interface ReloadReport {
  /** Workers that were replaced. */
  readonly replaced: number;
  /** Old workers that had to be killed at their deadline. */
  readonly killed: number;
  /** Idle connections of old workers that were dealt to others: their clients noticed nothing. */
  readonly moved: number;
  /** Milliseconds. */
  readonly duration: number;
}

export interface Reloader {
  readonly reload: () => Promise<ReloadReport>;
}

export interface ReloadContext {
  readonly members: Members;
  readonly replacer: Replacer;
  readonly stopping: () => boolean;
  readonly reloadConcurrency: number;
}

export function createReloader({ members, replacer, stopping, reloadConcurrency }: ReloadContext): Reloader {
  let running: Promise<ReloadReport> | undefined;

  async function replaceAll(): Promise<ReloadReport> {
    const start = now();
    const queue = [...members.list()];
    let replaced = 0;
    let killed = 0;
    let moved = 0;
    let failed = false;
    const lane = async (): Promise<void> => {
      try {
        for (let old = queue.shift(); old !== undefined && !failed; old = queue.shift()) {
          if (stopping()) throw tooLate();
          // The worker crashed or was sent away in the meantime: its replacement is new already.
          if (old.gone() || old.leaving()) continue;
          const { outcome, report } = await replacer.replace(old, 'reload', true);
          killed += outcome === 'killed' ? 1 : 0;
          moved += report?.connections.moved ?? 0;
          replaced += 1;
        }
      } catch (error) {
        failed = true;
        throw error;
      }
    };
    const lanes = await Promise.allSettled(Array.from({ length: reloadConcurrency }, lane));
    for (const outcome of lanes) if (outcome.status === 'rejected') throw outcome.reason;
    return { replaced, killed, moved, duration: now() - start };
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
