import type { Worker } from 'node:cluster';
import { createDeadline, now } from '../clock.ts';
import { GracefulError } from '../errors.ts';
import type { Member, Members } from './members.ts';
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
  readonly reload: (stopping: () => boolean) => Promise<ReloadReport>;
}

/** @param timeout - milliseconds that an old worker has to drain */
export function createReloader(
  members: Members,
  { reloadConcurrency, readyTimeout }: Supervision,
  timeout: number,
  fork: () => Worker,
): Reloader {
  let running: Promise<ReloadReport> | undefined;

  async function replace(old: Member): Promise<{ readonly killed: boolean }> {
    const worker = fork();
    const fresh = members.list().find((member) => member.worker === worker) ?? (await appearance(worker));
    const deadline = createDeadline(readyTimeout);
    const outcome = await deadline.race(
      Promise.race([fresh.ready.then(() => 'ready' as const), fresh.exited.then(() => 'exited' as const)]),
    );
    if (outcome !== 'ready') {
      fresh.kill();
      const why = outcome === 'exited' ? 'exited before it was ready' : `was not ready after ${readyTimeout} ms`;
      throw new GracefulError('ERR_GRACEFUL_RELOAD_FAILED', `the new worker ${why}; the old one stays`);
    }
    old.drain('reload', timeout, false);
    await createDeadline(timeout).race(old.exited);
    const killed = !old.gone();
    if (killed) old.kill();
    await old.exited;
    return { killed };
  }

  /** Node tells of a fork one tick after it. */
  async function appearance(worker: Worker): Promise<Member> {
    await new Promise((resolve) => {
      worker.once('online', resolve);
      worker.once('exit', resolve);
    });
    const member = members.list().find((each) => each.worker === worker);
    if (member !== undefined) return member;
    throw new GracefulError('ERR_GRACEFUL_RELOAD_FAILED', 'the new worker exited as soon as it was forked');
  }

  async function replaceAll(stopping: () => boolean): Promise<ReloadReport> {
    const start = now();
    const queue = [...members.list()];
    let replaced = 0;
    let killed = 0;
    const lane = async (): Promise<void> => {
      for (let old = queue.shift(); old !== undefined; old = queue.shift()) {
        if (stopping()) throw new GracefulError('ERR_GRACEFUL_TOO_LATE', 'a shutdown began during the reload');
        if (old.gone()) continue;
        const outcome = await replace(old);
        replaced += 1;
        killed += outcome.killed ? 1 : 0;
      }
    };
    await Promise.all(Array.from({ length: reloadConcurrency }, lane));
    return { replaced, killed, duration: now() - start };
  }

  return {
    reload: (stopping) => {
      running ??= replaceAll(stopping).finally(() => {
        running = undefined;
      });
      return running;
    },
  };
}
