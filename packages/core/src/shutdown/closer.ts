import type { Server } from 'node:net';
import type { ListenerReport } from '../api/report.ts';
import type { Connections } from '../drain/connections.ts';
import type { DrainOptions } from '../drain/drainable.ts';
import { closeListener } from '../listener/close.ts';
import { isListening, keepAddress, serverSocket } from '../listener/listening-socket.ts';
import { notePath } from '../listener/unix-path.ts';
import { attempt } from './containment.ts';

/** Closes the listeners of servers, drains their connections, and remembers how that went. */
export interface Closer {
  /** Closes these servers, and from then on those that `close` is called for. */
  readonly begin: (options: DrainOptions, servers: ReadonlyMap<Server, Connections>) => void;
  readonly begun: () => boolean;
  /** Closes a server, again if it listens again. Before `begin` it only notes whose the path of the server is. */
  readonly close: (server: Server, connections: Connections) => void;
  /** Gives a server back what `address()` answers by itself. */
  readonly release: (server: Server) => void;
  readonly closed: () => Promise<readonly ListenerReport[]>;
  readonly drained: () => Promise<unknown>;
}

/** @param failed - called with the error of a listener that could not be closed */
export function createCloser(failed: (error: unknown) => void): Closer {
  const reports: Promise<ListenerReport | undefined>[] = [];
  const drains: Promise<void>[] = [];
  const draining = new Set<Connections>();
  const beingClosed = new Set<Server>();
  /** Undoes `keepAddress`, by server. */
  const restoreAddress = new Map<Server, () => void>();
  let options: DrainOptions | undefined;

  function close(server: Server, connections: Connections): void {
    // A server that began to listen in the turn of the signal emits `listening` only now.
    if (options === undefined || beingClosed.has(server)) return;
    let closed: Promise<unknown> = Promise.resolve();
    if (isListening(server)) {
      beingClosed.add(server);
      restoreAddress.get(server)?.();
      attempt(failed, () => restoreAddress.set(server, keepAddress(server)), undefined);
      const report = closeListener(serverSocket(server), options)
        .catch((error: unknown) => {
          failed(error);
          return undefined;
        })
        .finally(() => beingClosed.delete(server));
      reports.push(report);
      closed = report;
    }
    connections.drain(options);
    draining.add(connections);
    drains.push(closed.then(connections.whenEmpty));
  }

  return {
    begin: (given, servers) => {
      options = given;
      for (const [server, connections] of servers)
        attempt(failed, () => close(server, connections), undefined);
    },
    begun: () => options !== undefined,
    close: (server, connections) => {
      notePath(server);
      close(server, connections);
    },
    release: (server) => {
      restoreAddress.get(server)?.();
      restoreAddress.delete(server);
    },
    closed: async () => (await allOf(reports)).filter((report) => report !== undefined),
    drained: async () => {
      await allOf(drains);
      // A connection may have moved to a server that had none left: one that looks at its first byte gives it away.
      const left = (): Connections[] => [...draining].filter((each) => each.counts().open > 0);
      for (let busy = left(); busy.length > 0; busy = left()) {
        await Promise.all(busy.map((each) => each.whenEmpty()));
      }
    },
  };
}

/** Waits for all promises of a list, those that are added meanwhile included. */
async function allOf<T>(promises: readonly Promise<T>[]): Promise<readonly T[]> {
  for (;;) {
    const { length } = promises;
    const values = await Promise.all(promises);
    if (promises.length === length) return values;
  }
}
