/** `@graceful-cluster/core/adapter`: what adapters of web frameworks have in common. */
import { expected, GracefulTypeError } from './api/errors.ts';

export { checkCoordinator } from './api/check-coordinator.ts';
export { checkOptionNames } from './api/option-names.ts';
export { optionNames } from './api/options.ts';
export { onServerListening } from './listener/listen-channel.ts';

/** @throws ERR_GRACEFUL_INVALID_OPTION */
export function checkHealthOption(wanted: unknown): void {
  if (typeof wanted === 'boolean' || typeof wanted === 'object') return;
  throw expected('ERR_GRACEFUL_INVALID_OPTION', 'health', 'a boolean or { live, ready, checks }', wanted);
}

/**
 * Rejects coordinator options beside a coordinator that has its options already.
 *
 * @throws ERR_GRACEFUL_INVALID_OPTION
 */
export function rejectExtraOptions(options: object): void {
  const set = Object.entries(options).find(([, value]) => value !== undefined);
  if (set === undefined) return;
  throw new GracefulTypeError(
    'ERR_GRACEFUL_INVALID_OPTION',
    `expected \`${set[0]}\` to be left out: there is a coordinator already, with options of its own`,
  );
}
