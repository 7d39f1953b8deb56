import type { Server } from 'node:net';
import type { ListenerReport } from '../api/report.ts';
import type { ConnectionHooks, Connections } from '../drain/connections.ts';
import { trackServer } from '../connections/track.ts';
import { sumCounts, type Drainable, type DrainOptions } from '../drain/drainable.ts';
import { closeListener } from '../listener/close.ts';
import { keepAddress, serverSocket } from '../listener/listening-socket.ts';
import { claimServer, disownServer, setTentative } from './owners.ts';

/** The servers in the care of one coordinator. */
export interface Servers extends Drainable {
  /** @throws ERR_GRACEFUL_INVALID_ARGUMENT, ERR_GRACEFUL_SERVER_OWNED */
  readonly attach: (server: Server) => () => void;
  readonly list: () => readonly Server[];
}

interface Attachment {
  readonly detach: () => void;
  /** Tracks its connections, unless that is so already. */
  readonly wake: () => void;
}

/** @param failed - called with the error of a listener that could not be closed */
export function createServers(failed: (error: unknown) => void, hooks: ConnectionHooks): Servers {
  /** Of the servers that listen, or did not yet; and of those that have closed connections left. */
  const tracked = new Map<Server, Connections>();
  /** A server that is closed holds nothing here, and is back when it listens again. */
  const attachments = new WeakMap<Server, Attachment>();
  const reports: Promise<ListenerReport | undefined>[] = [];
  const drains: Promise<void>[] = [];
  const beingClosed = new Set<Server>();
  /** Undoes `keepAddress`, by server. */
  const restoreAddress = new Map<Server, () => void>();
  let announced = false;
  let closing: DrainOptions | undefined;

  const all = (): Connections[] => [...tracked.values()];

  function closeOne(server: Server, connections: Connections): void {
    // A server that began to listen in the turn of the signal emits `listening` only now.
    if (closing === undefined || beingClosed.has(server)) return;
    let closed: Promise<unknown> = Promise.resolve();
    if (server.listening) {
      beingClosed.add(server);
      restoreAddress.get(server)?.();
      restoreAddress.set(server, keepAddress(server));
      const report = closeListener(serverSocket(server), closing)
        .catch((error: unknown) => {
          failed(error);
          return undefined;
        })
        .finally(() => beingClosed.delete(server));
      reports.push(report);
      closed = report;
    }
    connections.drain(closing);
    drains.push(closed.then(connections.whenEmpty));
  }

  function attach(server: Server): () => void {
    const known = attachments.get(server);
    if (known !== undefined) {
      setTentative(server, false);
      known.wake();
      return known.detach;
    }
    const open = claimServer(server, () => {
      const connections = tracked.get(server)?.open?.();
      detach();
      return connections;
    });

    function wake(): void {
      if (tracked.has(server)) return;
      const connections = trackServer(server, hooks);
      tracked.set(server, connections);
      if (announced) connections.announce();
    }
    function onListening(): void {
      wake();
      const connections = tracked.get(server);
      if (connections !== undefined) closeOne(server, connections);
    }
    function onClose(): void {
      // One that closes during a shutdown is in its report.
      if (closing !== undefined || server.listening) return;
      tracked.get(server)?.release();
      tracked.delete(server);
    }
    function detach(): void {
      // It may have been attached again since.
      if (attachments.get(server)?.detach !== detach) return;
      attachments.delete(server);
      disownServer(server);
      server.off('listening', onListening);
      server.off('close', onClose);
      restoreAddress.get(server)?.();
      restoreAddress.delete(server);
      tracked.get(server)?.release();
      tracked.delete(server);
    }

    server.on('listening', onListening);
    server.on('close', onClose);
    attachments.set(server, { detach, wake });
    onListening();
    if (open !== undefined) tracked.get(server)?.adopt?.(open);
    return detach;
  }

  return {
    attach,
    list: () => [...tracked.keys()],
    counts: () => sumCounts(all().map((connections) => connections.counts())),
    waiting: (limit) =>
      all()
        .flatMap((connections) => connections.waiting(limit))
        .slice(0, limit),
    announce: () => {
      announced = true;
      for (const connections of all()) connections.announce();
    },
    close: (options) => {
      closing = options;
      for (const [server, connections] of tracked) closeOne(server, connections);
    },
    closed: async () => (await allOf(reports)).filter((report) => report !== undefined),
    drained: () => allOf(drains),
    cut: () => all().flatMap((connections) => connections.cut()),
    totals: () => all().map((connections) => connections.totals()),
    release: () => {
      for (const server of tracked.keys()) attachments.get(server)?.detach();
    },
  };
}

/** Waits for those as well that are added meanwhile. */
async function allOf<T>(promises: readonly Promise<T>[]): Promise<readonly T[]> {
  for (;;) {
    const { length } = promises;
    const values = await Promise.all(promises);
    if (promises.length === length) return values;
  }
}
