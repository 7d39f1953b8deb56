import { createServer } from 'node:net';

/** Below a file, where no socket can be. */
const NOWHERE = process.platform === 'win32' ? String.raw`\\.\nowhere` : '/dev/null/nowhere';

/** Longest wait in milliseconds: a primary that marks a worker as sent away, and sends it nowhere, never answers. */
const ANSWER_MS = 2_000;

/**
 * Resolves when a primary that is not ours has nothing on its way to this worker any more. It may hand over a
 * connection before it hears that the worker has closed, and a worker that has gone by then leaves the client hanging;
 * one that is still there declines, and Node gives the connection to another worker.
 *
 * The wait is for the answer to a request to listen, at a path where no process can: messages of both directions keep their
 * order. Node has no question without an effect, except one that makes the worker's departure look like the program's
 * own wish (`exitedAfterDisconnect`), after which many primaries do not replace it.
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
    createServer().once('error', answered).listen(NOWHERE);
  });
}
