import { inspect } from 'node:util';
import { writeStderr } from '../stderr.ts';
import { guardOutput, guardUnmade } from './broken-pipes.ts';
import { guardOnce } from './guarded.ts';
import { unfinishedStops } from './stops.ts';

let watching = false;

/**
 * Contains errors in each stop from now on. After the last report they are uncaught again, but for those of stdout and
 * stderr.
 */
export function containErrors(): void {
  if (watching) return;
  watching = true;
  guardOnce('output', guardOutput);
  guardOnce(
    'uncaughtException',
    () => {
      process.on('uncaughtException', contain);
      return () => process.off('uncaughtException', contain);
    },
    () => unfinishedStops().length > 0,
  );
}

/**
 * While a stop runs, an error that nothing caught goes into its report, and the stop goes on. A rejection is one too:
 * with no listener of its own it arrives as an exception. Where the program listens for them, they are the program's.
 */
function contain(error: unknown): void {
  if (process.listenerCount('uncaughtException') > 1) return;
  if (guardUnmade(error)) return;
  writeStderr(`${inspect(error)}\n`);
  for (const stop of unfinishedStops()) stop.failed(error);
}
