import { makeCoordinator } from '../../shutdown/coordinator.ts';
import { alone } from '../../shutdown/role.ts';
import { describeError, GracefulError } from '../../api/errors.ts';
import type { ShutdownCoordinator } from '../../api/coordinator.ts';
import type { Logger } from '../../api/logger.ts';
import { resolveOptions, type CoordinatorOptions } from '../../api/options.ts';
import { shared } from '../../process/registry.ts';
import { watchLoneSignals } from './lone-signals.ts';
import { createReplacer } from './replace.ts';
import { reportCluster } from './service-state.ts';
import type { Member } from './member.ts';
import { watchMembers } from './workers.ts';
import { createReloader, type ReloadReport } from './reload.ts';
import { createRespawner } from './respawn.ts';
import { watchRoundRobin } from './round-robin.ts';
import { resolveSupervisorOptions, type SupervisorOptions } from './supervisor-options.ts';
import { writeStderr } from '../../stderr.ts';

/** A coordinator of a whole cluster. Made by `superviseCluster` in the primary. */
export interface ClusterSupervisor extends ShutdownCoordinator {
  /**
   * Replaces the workers, `reloadConcurrency` at a time: the new one is ready before the old one drains. One reload
   * runs at a time; a call during another joins it.
   *
   * @throws ERR_GRACEFUL_RELOAD_FAILED if a new worker exits or is not ready in time; the old ones stay
   * @throws ERR_GRACEFUL_TOO_LATE once a shutdown began
   */
  readonly reload: () => Promise<ReloadReport>;
  /** Process ids of the workers that are alive. */
  readonly pids: () => readonly number[];
}

/** One for each supervisor, of whichever copy of this package. */
const supervisors = shared<Set<object>>('supervisors', Set);

/** Whether the cluster of this process has a supervisor. */
export function isSupervised(): boolean {
  return supervisors.size > 0;
}

/**
 * Stops, reloads and keeps a cluster as one: the listeners close first, then every accepted connection reaches a
 * worker, then the workers drain, then the primary exits. Call it in the primary before the first `cluster.fork()`.
 *
 * @throws ERR_GRACEFUL_INVALID_OPTION
 * @throws ERR_GRACEFUL_NOT_PRIMARY in a worker
 */
export function superviseCluster(options: SupervisorOptions = {}): ClusterSupervisor {
  const { supervision, rest } = resolveSupervisorOptions(options);
  const settings = resolveOptions(rest satisfies CoordinatorOptions);
  const roundRobin = watchRoundRobin();
  const members = watchMembers(roundRobin, {
    signalled: (member, signal) => loneSignals.reached(member, signal),
    failed: (error) => core.note(error),
  });
  const core = makeCoordinator(settings, {
    ...alone,
    others: [members],
    serves: () => true,
    needsServer: false,
    arrived: roundRobin.arrived,
    workers: members.reports,
  });
  const { coordinator } = core;
  supervisors.add(coordinator);
  const respawner = createRespawner(supervision, {
    ready: (worker) => members.of(worker).ready,
    giveUp: (why) => core.fail('crash loop', why),
  });
  const stopping = (): boolean => coordinator.state !== 'running';
  const replacer = createReplacer(members, {
    fork: respawner.fork,
    stopping,
    retired: (reason, worker) => core.emit('retired', { reason, worker }),
    timeout: settings.timeout,
    readyTimeout: supervision.readyTimeout,
    handBack: supervision.handBack,
  });
  const reloader = createReloader({
    members,
    replacer,
    stopping,
    reloadConcurrency: supervision.reloadConcurrency,
  });

  /** Where the supervisor keeps the number of workers, a new one is ready first: the old one may be the only one. */
  async function sendAway(member: Member, signal: NodeJS.Signals): Promise<void> {
    // Without a new one the old one leaves all the same, and the respawner goes on trying.
    if (supervision.workers !== undefined) await replacer.replace(member, signal, false).catch(() => {});
    if (!member.leaving() && !stopping()) await replacer.retire(member, signal, false);
  }

  const loneSignals = watchLoneSignals({
    stopping,
    leave: (member, signal) => void sendAway(member, signal),
    force: (member) => member.kill(),
  });

  coordinator.on('state', () => respawner.stop());
  respawner.start();
  const reload = reportCluster(core, members, supervision.workers, reloader.reload);

  const onReloadSignal = (): void => {
    reload().catch((error: unknown) => sayFailed(error, settings.logger));
  };
  const { reloadSignal } = supervision;
  if (reloadSignal !== undefined) {
    process.on(reloadSignal, onReloadSignal);
    core.onDispose(() => process.off(reloadSignal, onReloadSignal));
  }
  core.onDispose(respawner.stop);
  core.onDispose(loneSignals.stop);
  core.onDispose(() => {
    supervisors.delete(coordinator);
  });

  return Object.defineProperties(coordinator, {
    reload: { value: reload, enumerable: true },
    pids: { value: () => members.list().flatMap(({ worker }) => worker.process.pid ?? []), enumerable: true },
  }) as ClusterSupervisor;
}

/** Says why a reload failed that nothing waits for: a signal began it. */
function sayFailed(error: unknown, logger: Logger | undefined): void {
  // A stop during a reload takes the old workers as well, and has a report of its own.
  if (error instanceof GracefulError && error.code === 'ERR_GRACEFUL_TOO_LATE') return;
  const why = describeError(error);
  if (logger === undefined) writeStderr(`${why}\n`);
  else logger.error({ error: why }, 'reload: failed');
}
