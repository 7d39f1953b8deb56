import type { EventEmitter } from 'node:events';

/** An end of an IPC channel: `process`, or the `ChildProcess` at the other end. */
interface End {
  readonly connected?: boolean;
  readonly send?: (message: any, handle: any, options: any, done: (error: Error | null) => void) => boolean;
}

/**
 * Sends a message over an IPC channel, with a handle if one is given. It never throws.
 *
 * @param done - called once it is written, or with an error: Node 26 throws where the channel is closed but not yet
 *   noticed
 */
export function sendOver(
  end: End,
  message: unknown,
  done: (error: Error | null) => void = () => {},
  handle?: unknown,
): void {
  try {
    if (end.connected === true && end.send !== undefined) end.send(message, handle, undefined, done);
    else done(new Error('disconnected'));
  } catch (error) {
    done(error as Error);
  }
}

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

/**
 * Hears that the primary wants this worker to disconnect (`worker.disconnect()`, `cluster.disconnect()`), in front of
 * Node, which closes the worker's servers in that turn, and with them their idle connections, read or not.
 *
 * @returns a function that stops listening
 */
export function onDisconnectOrder(listener: () => void): () => void {
  const hear = (message: { readonly cmd?: unknown; readonly act?: unknown } | null): void => {
    if (message?.cmd === 'NODE_CLUSTER' && message.act === 'disconnect') listener();
  };
  const end = process as EventEmitter;
  end.prependListener('internalMessage', hear);
  return () => end.off('internalMessage', hear);
}
