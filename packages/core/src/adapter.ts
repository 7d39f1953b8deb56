/** `@graceful-cluster/core/adapter`: what adapters of web frameworks have in common. */
import { GracefulTypeError } from './api/errors.ts';

export { checkOptionNames } from './api/option-names.ts';
export { optionNames } from './api/options.ts';
export { onServerListening } from './listener/listen-channel.ts';

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
