import { expected } from './errors.ts';

/** @throws ERR_GRACEFUL_INVALID_ARGUMENT */
export function checkCoordinator(given: unknown): void {
  if (typeof given === 'object' && given !== null && 'setReady' in given) return;
  throw expected('ERR_GRACEFUL_INVALID_ARGUMENT', 'coordinator', 'what createCoordinator() returns', given);
}
