import { types } from 'node:util';

/** Runs a step that must not keep the next one from running. */
export function attempt<T>(failed: (error: unknown) => void, step: () => T, otherwise: T): T {
  try {
    return step();
  } catch (error) {
    failed(error);
    return otherwise;
  }
}

/** Hands the rejection of a promise that application code returned to `failed`. Anything else is left alone. */
export function containRejection(failed: (error: unknown) => void, returned: unknown): void {
  if (types.isPromise(returned)) returned.catch(failed);
}
