import { now } from '../clock.ts';

/** Longest wait in milliseconds for what the loop still holds, such as the transport of a logger. */
const FLUSH = 100;

/** How often a slow reader is looked at, in milliseconds. */
const STEP = 10;

/** Longest wait in milliseconds for a slow reader of stdout and stderr: a pipe holds 64 kB, Node keeps the rest. */
const SLOW_READER = 1_000;

let running = 0;
let worst: number | undefined;
let emptied = false;

/**
 * Counts a shutdown, whoever began it, until the function that this returns is called: several coordinators in one
 * process must not cut each other short.
 */
export function beginShutdown(): () => void {
  running += 1;
  return () => {
    running -= 1;
    leave();
  };
}

/** Ends the process when no shutdown is running any more, with the worst of the codes that were given. */
export function exitWith(code: number): void {
  worst = Math.max(worst ?? 0, code);
  leave();
}

function leave(): void {
  if (worst === undefined || running > 0) return;
  process.exitCode = worst;
  const end = now() + SLOW_READER;
  const exit = (): void => {
    if (unwritten() > 0 && now() < end) setTimeout(exit, STEP);
    else process.exit();
  };
  // Unreferenced: where nothing else holds the loop, the process ends sooner.
  setTimeout(exit, FLUSH).unref();
  process.off('beforeExit', endWithEmptyLoop);
  process.on('beforeExit', endWithEmptyLoop);
}

/**
 * Ends the process before Node does, which makes 13 of code 0 where a top-level `await` will never settle: that of a
 * worker which was not given a listener any more, say. The second time, after what other `beforeExit` listeners begin.
 */
function endWithEmptyLoop(): void {
  if (emptied) process.exit();
  emptied = true;
  setImmediate(() => {});
}

/** Bytes that were written to stdout and stderr and that the kernel has not taken yet. */
function unwritten(): number {
  try {
    return process.stdout.writableLength + process.stderr.writableLength;
  } catch {
    return 0;
  }
}
