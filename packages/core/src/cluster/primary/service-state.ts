import type { Worker } from 'node:cluster';
import type { CoordinatorControls } from '../../shutdown/role.ts';
import { findManager, reportShutdown } from '../../shutdown/service-state.ts';
import type { Members } from './workers.ts';
import type { ReloadReport } from './reload.ts';
import { nodeCluster } from '../../process/node-cluster.ts';

type Reload = () => Promise<ReloadReport>;

/**
 * Keeps a service manager informed of the whole cluster: ready once `count` workers are (one, where the program forks
 * by itself), reloading while a reload runs.
 *
 * @returns `reload`, which says so
 */
export function reportCluster(
  controls: CoordinatorControls,
  members: Members,
  count: number | undefined,
  reload: Reload,
): Reload {
  const manager = findManager();
  if (manager === undefined) return reload;
  const ready = new Set<Worker>();
  let told = false;

  function follow(worker: Worker): void {
    void members.of(worker).ready.then(() => {
      ready.add(worker);
      if (told || ready.size < (count ?? 1)) return;
      told = true;
      manager?.ready();
    });
  }
  const forget = (worker: Worker): void => {
    ready.delete(worker);
  };
  for (const { worker } of members.list()) follow(worker);
  nodeCluster().on('fork', follow);
  nodeCluster().on('exit', forget);
  controls.onDispose(() => {
    nodeCluster().off('fork', follow);
    nodeCluster().off('exit', forget);
  });
  reportShutdown(manager, controls);

  return async () => {
    manager.reloading();
    try {
      return await reload();
    } finally {
      manager.ready();
    }
  };
}
