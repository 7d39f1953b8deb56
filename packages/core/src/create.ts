import { answerForHandlers } from './cluster/worker/handlers.ts';
import { findRole } from './cluster/worker/primary-link.ts';
import { shared } from './process/registry.ts';
import { makeCoordinator } from './shutdown/coordinator.ts';
import type { ShutdownCoordinator } from './api/coordinator.ts';
import { resolveOptions, type CoordinatorOptions, type Settings } from './api/options.ts';
import type { CoordinatorControls, Role } from './shutdown/role.ts';
import { isMainThread } from './threads/channel.ts';
import { withThreads } from './threads/main.ts';
import { createThreadRole } from './threads/worker.ts';

answerForHandlers();

/**
 * Makes a coordinator, which listens for signals from now on. In a worker of a supervised cluster it leaves them to
 * the primary.
 *
 * @throws ERR_GRACEFUL_INVALID_OPTION
 */
export function createCoordinator(options: CoordinatorOptions = {}): ShutdownCoordinator {
  return make(options).coordinator;
}

function make(options: CoordinatorOptions): CoordinatorControls {
  const settings = resolveOptions(options);
  return makeCoordinator(settings, roleFor(settings));
}

/** A coordinator without signals stops what it is given, and not the threads of the process with it. */
function roleFor({ signals }: Settings): Role {
  if (signals.length === 0) return findRole();
  return isMainThread() ? withThreads(findRole()) : createThreadRole();
}

const singles = shared<Map<string, unknown>>('singles', Map);

/** The coordinator of this copy alone, where the one in the registry is of a version that lacks some of `methods`. */
let own: ShutdownCoordinator | undefined;

/**
 * The process-wide coordinator, one for all copies of this package. It is made with the defaults at the first call, and
 * at the first after its `dispose()`.
 */
export function getCoordinator(): ShutdownCoordinator {
  singles.set('asked', true);
  return getCoordinatorOr({});
}

/**
 * Lets go of a process-wide coordinator that the program has never asked for, and that has no server any more: signals
 * take their default action again.
 */
export function disposeUnused(): void {
  const known = findShared() ?? own;
  if (known?.state !== 'running' || singles.has('asked') || known.stats().servers > 0) return;
  known.dispose();
}

/** As `getCoordinator`, with options for the case that there is none yet: `--import` has them from the environment. */
export function getCoordinatorOr(options: CoordinatorOptions): ShutdownCoordinator {
  return findShared() ?? own ?? shareCoordinator(options);
}

function shareCoordinator(options: CoordinatorOptions): ShutdownCoordinator {
  const { coordinator, onDispose } = make(options);
  if (singles.has('coordinator')) own = coordinator;
  else singles.set('coordinator', coordinator);
  onDispose(() => {
    if (own === coordinator) own = undefined;
    if (singles.get('coordinator') === coordinator) singles.delete('coordinator');
  });
  return coordinator;
}

const methods = [
  'attach',
  'shutdown',
  'onShutdown',
  'beforeShutdown',
  'track',
  'onUpgrade',
  'setReady',
  'stats',
  'on',
  'dispose',
] as const;

function findShared(): ShutdownCoordinator | undefined {
  const known = singles.get('coordinator') as Record<string, unknown> | undefined;
  if (known === undefined || methods.some((name) => typeof known[name] !== 'function')) return undefined;
  return known as unknown as ShutdownCoordinator;
}
