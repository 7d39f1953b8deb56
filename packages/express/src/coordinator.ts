import {
  createCoordinator,
  getCoordinator,
  GracefulTypeError,
  type CoordinatorOptions,
  type ShutdownCoordinator,
} from '@graceful-cluster/core';

/**
 * The coordinator of a `graceful()`. Without options several apps share one: no hook of one app, such as closing a
 * database, may run while another still answers.
 *
 * @throws ERR_GRACEFUL_INVALID_OPTION
 */
export function findCoordinator(
  given: ShutdownCoordinator | undefined,
  rest: CoordinatorOptions,
): ShutdownCoordinator {
  const options = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  const [extra] = Object.keys(options);
  if (given !== undefined && extra !== undefined) {
    throw new GracefulTypeError(
      'ERR_GRACEFUL_INVALID_OPTION',
      `expected \`${extra}\` to be left out: the coordinator that is given has options of its own`,
    );
  }
  if (given !== undefined) return given;
  if (extra !== undefined) return createCoordinator(options);
  const shared = getCoordinator();
  return shared.state === 'stopped' ? createCoordinator() : shared;
}
