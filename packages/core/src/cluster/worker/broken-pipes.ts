import type { Worker } from 'node:cluster';

/** Codes of a write to a channel whose other end is gone. */
const closed: ReadonlySet<unknown> = new Set([
  'EPIPE',
  'ECONNRESET',
  'ERR_IPC_CHANNEL_CLOSED',
  'ERR_IPC_DISCONNECTED',
]);

/**
 * Milliseconds from a broken pipe until the primary's death must have been noticed, if that was the cause. A killed
 * process takes its time to end on a busy machine.
 */
const NOTICE = 1_000;

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
 * of a drain. It may be written before the death is noticed. Any other broken pipe stays the error that it was.
 */
export function guardOutput(): () => void {
  const onError = (error: unknown): void => {
    if (!isClosed(error)) throw error;
    setTimeout(() => {
      if (process.connected) throw error;
    }, NOTICE);
  };
  const streams = [process.stdout, process.stderr];
  for (const stream of streams) stream.on('error', onError);
  return () => {
    for (const stream of streams) stream.off('error', onError);
  };
}
