import type { EventEmitter } from 'node:events';
import { shared } from './registry.ts';

/** Codes of a write to a pipe or a channel whose other end is gone. */
const closed: ReadonlySet<unknown> = new Set([
  'EPIPE',
  'ECONNRESET',
  'ERR_IPC_CHANNEL_CLOSED',
  'ERR_IPC_DISCONNECTED',
]);

/** The listeners below, of each copy of this package. */
const ours = shared<Set<unknown>>('broken pipe listeners', Set);

/**
 * Ignores errors of streams whose other end is gone. Other errors are thrown as without this, unless the program has a
 * listener of its own.
 */
export function ignoreBrokenPipes(streams: readonly EventEmitter[]): () => void {
  const onError = function (this: EventEmitter, error: unknown): void {
    const broken = error instanceof Error && 'code' in error && closed.has(error.code);
    if (!broken && this.listeners('error').every((listener) => ours.has(listener))) throw error;
  };
  ours.add(onError);
  for (const stream of streams) stream.on('error', onError);
  return () => {
    ours.delete(onError);
    for (const stream of streams) stream.off('error', onError);
  };
}

/**
 * Ignores broken pipes of stdout and stderr: a log line in the middle of a drain must not end it. Ctrl-C in
 * `node app.js | tee log` ends the reader too, and the primary of a cluster may have held the other end.
 * `console.log` ignores one such error, and not the next one, which would be an uncaught exception.
 */
export function guardOutput(): () => void {
  return ignoreBrokenPipes([process.stdout, process.stderr]);
}
