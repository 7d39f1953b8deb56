import { expected } from './errors.ts';

/** @throws ERR_GRACEFUL_INVALID_ARGUMENT */
export function checkCoordinator(given: unknown): void {
  const { setReady } = (given ?? {}) as { readonly setReady?: unknown };
  if (typeof given === 'object' && typeof setReady === 'function') return;
  throw expected('ERR_GRACEFUL_INVALID_ARGUMENT', 'coordinator', 'what createCoordinator() returns', given);
}
