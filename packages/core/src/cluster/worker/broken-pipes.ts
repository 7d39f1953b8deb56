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
 * Node's cluster acknowledges connections to a primary that may have died. It passes the error on to `cluster.worker`,
 * where it would be uncaught.
 */
export function guardChannel(worker: Worker): () => void {
  const onError = (error: unknown): void => {
    if (!isClosed(error)) throw error;
  };
  worker.on('error', onError);
  return () => worker.off('error', onError);
}

/**
 * Where the primary held the other end of stdout, a log line after its death would be an uncaught EPIPE in the middle
 * of a drain, perhaps before the death is noticed. Only then: a program that listens for errors of its output decides
 * by itself. `console.log` ignores a broken pipe in plain Node, and asks for that whether somebody listens; so a broken
 * pipe is never made an exception of here.
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
