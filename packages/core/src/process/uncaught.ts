import { guardOnce } from './guarded.ts';
import { runningStops } from './stops.ts';

let watching = false;

/** Begins to contain errors in each stop from now on. */
export function containErrors(): void {
  if (watching) return;
  watching = true;
  guardOnce('uncaughtException', () => {
    process.on('uncaughtException', contain);
    return () => process.off('uncaughtException', contain);
  });
}

/**
 * While a stop runs, an error that nothing caught goes into its report, and the stop goes on. A rejection is one too: with
 * no listener of its own it arrives as an exception. Where the program listens for them, they are the program's.
 */
function contain(error: unknown): void {
  if (process.listenerCount('uncaughtException') > 1) return;
  // The program's own stop, after ours.
  if (runningStops().length === 0) {
    process.off('uncaughtException', contain);
    throw error;
  }
  console.error(error);
  for (const stop of runningStops()) stop.failed(error);
}
