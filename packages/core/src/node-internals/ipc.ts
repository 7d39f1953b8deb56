import type { EventEmitter } from 'node:events';

/**
 * Hears the messages of an IPC channel whose `cmd` begins with `NODE_`. They are reserved for Node itself, never reach
 * a `message` listener, and are given to every `internalMessage` listener (documented with `subprocess.send()`; checked
 * on Node 20, 22, 24 and 26).
 *
 * @param end - `process`, or the `ChildProcess` at the other end
 * @returns a function that stops listening
 */
export function onInternalMessage(
  end: EventEmitter,
  listener: (message: unknown, handle: unknown) => void,
): () => void {
  end.on('internalMessage', listener);
  return () => end.off('internalMessage', listener);
}
