import { createServer } from 'node:net';
import { clearTimeout, setTimeout } from '../../clock.ts';

/** A path where no socket can be made: below a file. */
const IMPOSSIBLE_PATH = process.platform === 'win32' ? String.raw`\\.\nowhere` : '/dev/null/nowhere';

/**
 * Longest wait in milliseconds: a primary that only sets `exitedAfterDisconnect` of a worker never answers it again.
 */
const ANSWER_MS = 2_000;

/**
 * Resolves when a primary without a supervisor has nothing on its way to this worker any more. Such a primary may hand
 * over a connection before it hears that the worker has closed, and a worker that has gone by then leaves the client
 * hanging; one that is still there declines, and Node gives the connection to another worker.
 *
 * Asks the primary to listen on an impossible path, and waits for the refusal: messages keep their order, so every
 * earlier hand-over has arrived by then. Node has no question without an effect, except one that makes the worker's
 * departure look like the program's own wish (`exitedAfterDisconnect`), after which many primaries do not replace it.
 */
export function whenHandedOver(): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(answered, ANSWER_MS).unref();
    function answered(): void {
      clearTimeout(timer);
      process.off('disconnect', answered);
      resolve();
    }
    process.once('disconnect', answered);
    createServer().once('error', answered).listen(IMPOSSIBLE_PATH);
  });
}
