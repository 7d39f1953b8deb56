import type { Socket } from 'node:net';

/** Open sockets with something known of each, and a promise for the moment when none is left. */
export interface SocketSet<Entry> {
  readonly entries: ReadonlyMap<Socket, Entry>;
  readonly add: (socket: Socket, entry: Entry) => void;
  readonly remove: (socket: Socket) => void;
  readonly whenEmpty: () => Promise<void>;
  readonly clear: () => void;
}

/** @param closed - called when a socket of the set has closed */
export function createSocketSet<Entry>(closed: (entry: Entry) => void): SocketSet<Entry> {
  const entries = new Map<Socket, Entry>();
  let waiters: (() => void)[] = [];

  // One function for all sockets: a closure for each would be most of what a tracked connection costs.
  function onClose(this: Socket): void {
    const entry = entries.get(this);
    if (entry === undefined) return;
    remove(this);
    closed(entry);
  }

  function remove(socket: Socket): void {
    socket.off('close', onClose);
    entries.delete(socket);
    if (entries.size > 0) return;
    const ready = waiters;
    waiters = [];
    for (const resolve of ready) resolve();
  }

  return {
    entries,
    add: (socket, entry) => {
      entries.set(socket, entry);
      socket.on('close', onClose);
    },
    remove,
    whenEmpty: () =>
      new Promise((resolve) => {
        if (entries.size === 0) resolve();
        else waiters.push(resolve);
      }),
    clear: () => {
      for (const socket of entries.keys()) remove(socket);
    },
  };
}
