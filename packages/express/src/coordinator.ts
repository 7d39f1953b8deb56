import {
  createCoordinator,
  getCoordinator,
  type CoordinatorOptions,
  type ShutdownCoordinator,
} from '@graceful-cluster/core';
import { checkCoordinator, rejectExtraOptions } from '@graceful-cluster/core/adapter';

/**
 * The coordinator of a `graceful()`. Without options several apps share one: no hook of one app, such as closing a
 * database, may run while another still answers.
 *
 * @throws ERR_GRACEFUL_INVALID_OPTION, ERR_GRACEFUL_INVALID_ARGUMENT
 */
export function findCoordinator(
  given: ShutdownCoordinator | undefined,
  rest: CoordinatorOptions,
): ShutdownCoordinator {
  const options = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  if (given !== undefined) {
    checkCoordinator(given);
    rejectExtraOptions(options);
    return given;
  }
  if (Object.keys(options).length > 0) return createCoordinator(options);
  const shared = getCoordinator();
  return shared.state === 'stopped' ? createCoordinator() : shared;
}
