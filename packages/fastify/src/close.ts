import cluster from 'node:cluster';
import { createCoordinator, type ShutdownCoordinator } from '@graceful-cluster/core';
import type { FastifyInstance } from 'fastify';
import { takePreCloseHooks } from './pre-close.ts';
import { attachServers } from './servers.ts';

/** Numbers the hooks of instances that share a coordinator. */
let shared = 0;

/**
 * Wraps `close` of the root instance, so that the drain comes before all of Fastify's own close. A `preClose` hook
 * would be too late: by then Fastify answers 503. The program's own `preClose` hooks run when the drain begins.
 *
 * @param isOwn - whether the coordinator is this instance's alone
 */
export function drainBeforeClose(
  root: FastifyInstance,
  coordinator: ShutdownCoordinator,
  isOwn: boolean,
): void {
  const close = root.close.bind(root) as () => Promise<undefined>;
  const servers = attachServers(root, coordinator);
  const runPreCloseHooks = takePreCloseHooks(root);
  coordinator.on('closing', runPreCloseHooks);
  root.addHook('onClose', async () => servers.stopWatching());

  let closed: Promise<undefined> | undefined;
  const closeOnce = (): Promise<undefined> => (closed ??= close());
  const hookName = isOwn ? 'fastify' : `fastify ${(shared += 1)}`;
  const removeHook = coordinator.onShutdown(hookName, closeOnce);

  /** The coordinator stops other servers too, so it goes on: ours leave it, and drain with one of their own. */
  async function leave(): Promise<undefined> {
    removeHook();
    const drainer = createCoordinator({ signals: [], exit: false });
    servers.moveTo(drainer);
    drainer.on('closing', runPreCloseHooks);
    await drainer.shutdown('fastify.close()');
    drainer.dispose();
    return close();
  }

  async function drainAndClose(): Promise<undefined> {
    // Called by a hook of the shutdown itself.
    if (coordinator.state === 'cleanup') return closeOnce();
    if (!isOwn && coordinator.state === 'running') {
      closed ??= coordinator.track(leave());
      return closed;
    }
    await coordinator.shutdown('fastify.close()');
    // The coordinator still has to report to the cluster's primary.
    if (isOwn && !cluster.isWorker) coordinator.dispose();
    return closeOnce();
  }

  const wrapped = (done?: (error?: Error) => void): Promise<undefined> | undefined => {
    const all = drainAndClose();
    if (done === undefined) return all;
    all.then(() => done(), done);
    return undefined;
  };
  root.close = wrapped as typeof root.close;
}
