import type { Worker } from 'node:cluster';

/** Codes of a write to a channel whose other end is gone. */
const closed: ReadonlySet<unknown> = new Set([
  'EPIPE',
  'ECONNRESET',
  'ERR_IPC_CHANNEL_CLOSED',
  'ERR_IPC_DISCONNECTED',
]);

function isClosed(error: unknown): boolean {
  return error instanceof Error && 'code' in error && closed.has(error.code);
}

/**
 * Ignores errors of the channel to a primary that has died: Node's cluster acknowledges connections over it, and emits
 * the error on `cluster.worker`, where it would be uncaught.
 */
export function guardChannel(worker: Worker): () => void {
  const onError = (error: unknown): void => {
    if (!isClosed(error)) throw error;
  };
  worker.on('error', onError);
  return () => worker.off('error', onError);
}

/**
 * Ignores broken pipes of stdout and stderr. Where the primary held the other end, a log line after its death would be
 * an uncaught EPIPE in the middle of a drain, perhaps before the death is noticed. Other errors are thrown as without
 * this listener, unless the program has one. Broken pipes never are: `console.log` ignores errors of a stream only
 * while it has no `error` listener (lib/internal/console/constructor.js), and now there is one.
 */
export function guardOutput(): () => void {
  const streams = [process.stdout, process.stderr];
  const onError = function (this: NodeJS.WriteStream, error: unknown): void {
    if (!isClosed(error) && this.listenerCount('error') === 1) throw error;
  };
  for (const stream of streams) stream.on('error', onError);
  return () => {
    for (const stream of streams) stream.off('error', onError);
  };
}
