import { findRole } from './cluster/worker/primary-link.ts';
import { makeCoordinator } from './shutdown/coordinator.ts';
import type { ShutdownCoordinator } from './api/coordinator.ts';
import { resolveOptions, type CoordinatorOptions } from './api/options.ts';

/**
 * Makes a coordinator, which listens for signals from now on. In a worker of a supervised cluster it leaves them to
 * the primary.
 *
 * @throws ERR_GRACEFUL_INVALID_OPTION
 */
export function createCoordinator(options: CoordinatorOptions = {}): ShutdownCoordinator {
  return makeCoordinator(resolveOptions(options), findRole()).coordinator;
}

let shared: ShutdownCoordinator | undefined;

/** The process-wide coordinator, made with the defaults at the first call. */
export function getCoordinator(): ShutdownCoordinator {
  return (shared ??= createCoordinator());
}
