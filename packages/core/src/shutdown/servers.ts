import { Server } from 'node:net';
import type { ListenerReport } from '../api/report.ts';
import type { ConnectionHooks, Connections } from '../drain/connections.ts';
import { trackServer } from '../connections/track.ts';
import { sumCounts, type Drainable, type DrainOptions } from '../drain/drainable.ts';
import { adviseAttach } from '../api/describe.ts';
import { expected, GracefulError } from '../api/errors.ts';
import { closeListener } from '../listener/close.ts';
import { keepAddress, serverSocket } from '../listener/listening-socket.ts';

/** The servers in the care of one coordinator. */
export interface Servers extends Drainable {
  /** @throws ERR_GRACEFUL_INVALID_ARGUMENT, ERR_GRACEFUL_SERVER_OWNED */
  readonly attach: (server: Server) => () => void;
  readonly list: () => readonly Server[];
}

interface Attachment {
  readonly connections: Connections;
  readonly detach: () => void;
}

const owned = new WeakSet<Server>();

/** @param failed - called with the error of a listener that could not be closed */
export function createServers(failed: (error: unknown) => void, hooks: ConnectionHooks): Servers {
  const attachments = new Map<Server, Attachment>();
  const reports: Promise<ListenerReport | undefined>[] = [];
  const drains: Promise<void>[] = [];
  const beingClosed = new Set<Server>();
  /** Undoes `keepAddress`, by server. */
  const restoreAddress = new Map<Server, () => void>();
  let announced = false;
  let closing: DrainOptions | undefined;

  const all = (): Connections[] => [...attachments.values()].map(({ connections }) => connections);

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

  return {
    attach: (server) => {
      const known = attachments.get(server);
      if (known !== undefined) return known.detach;
      claim(server);
      const connections = trackServer(server, hooks);
      const onListening = (): void => closeOne(server, connections);
      const detach = (): void => {
        // It may have been attached again since.
        if (attachments.get(server)?.detach !== detach) return;
        attachments.delete(server);
        owned.delete(server);
        server.off('listening', onListening);
        restoreAddress.get(server)?.();
        restoreAddress.delete(server);
        connections.release();
      };
      server.on('listening', onListening);
      attachments.set(server, { connections, detach });
      if (announced) connections.announce();
      closeOne(server, connections);
      return detach;
    },
    list: () => [...attachments.keys()],
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
      for (const [server, { connections }] of attachments) closeOne(server, connections);
    },
    closed: async () => (await allOf(reports)).filter((report) => report !== undefined),
    drained: () => allOf(drains),
    cut: () => all().flatMap((connections) => connections.cut()),
    totals: () => all().map((connections) => connections.totals()),
    release: () => {
      for (const { detach } of attachments.values()) detach();
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

function claim(server: Server): void {
  if (!(server instanceof Server)) {
    const rule = 'a net.Server or one of its kinds';
    throw expected('ERR_GRACEFUL_INVALID_ARGUMENT', 'server', rule, server, adviseAttach(server));
  }
  if (owned.has(server)) {
    throw new GracefulError('ERR_GRACEFUL_SERVER_OWNED', 'another coordinator drains this server already');
  }
  owned.add(server);
}
