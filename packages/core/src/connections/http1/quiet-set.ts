import type { Socket } from 'node:net';
import { isPassedOn } from '../../node-internals/net.ts';
import { connectionOf, type Http1Connection } from './request-channel.ts';

/** Connections of a server while nothing is shutting down, until they are destroyed. */
export interface QuietSet {
  readonly add: (connection: Http1Connection) => void;
  readonly remove: (connection: Http1Connection) => void;
  /** Those that were passed on to another process are forgotten. */
  readonly connections: () => Iterable<Http1Connection>;
  /** Empties it, and returns what was in it. */
  readonly clear: () => readonly Http1Connection[];
}

type Destroy = Socket['_destroy'];

/** Fewest connections that are looked through for those that were passed on to another process. */
const SWEEP_FROM = 64;

/**
 * Learns of the close by overriding `_destroy`: no memory per connection. A `close` listener costs 200 bytes, since
 * Node adds and removes its own for each response, and where there are several an array of 20 stays.
 */
export function createQuietSet(): QuietSet {
  const connections = new Set<Http1Connection>();
  let sweepAt = SWEEP_FROM;

  const destroy: Destroy = function (this: Socket, error, callback) {
    onClose.call(this);
    prototypeDestroy(this).call(this, error, callback);
  };

  function onClose(this: Socket): void {
    const connection = connectionOf(this);
    if (connection !== undefined) connections.delete(connection);
  }

  function restore({ socket }: Http1Connection): void {
    if (socket._destroy === destroy) Reflect.deleteProperty(socket, '_destroy');
    else socket.off('close', onClose);
  }

  function sweep(): void {
    for (const connection of connections) if (isPassedOn(connection.socket)) connections.delete(connection);
  }

  return {
    add: (connection) => {
      const { socket } = connection;
      connections.add(connection);
      if (connections.size >= sweepAt) {
        // At each doubling, so that adding stays O(1).
        sweep();
        sweepAt = Math.max(SWEEP_FROM, connections.size * 2);
      }
      // A stream that the application gave to the server may have one of its own.
      if (Object.hasOwn(socket, '_destroy')) socket.on('close', onClose);
      else socket._destroy = destroy;
    },
    remove: (connection) => {
      if (connections.delete(connection)) restore(connection);
    },
    connections: () => {
      sweep();
      return connections;
    },
    clear: () => {
      sweep();
      const all = [...connections];
      connections.clear();
      for (const connection of all) restore(connection);
      return all;
    },
  };
}

function prototypeDestroy(socket: Socket): Destroy {
  // Called on the socket.
  // oxlint-disable-next-line typescript/unbound-method
  return (Object.getPrototypeOf(socket) as Socket)._destroy;
}
