import type { Server } from 'node:net';
import { warn } from '../api/errors.ts';
import type { CutConnection } from '../api/report.ts';
import { cutInTurn, type ConnectionHooks, type Connections } from '../drain/connections.ts';
import { trackServer } from '../connections/track.ts';
import { sumCounts } from '../drain/connections.ts';
import type { Drainable } from '../drain/drainable.ts';
import { unfinishedStops } from '../process/stops.ts';
import { createCloser } from './closer.ts';
import { isListening } from '../listener/listening-socket.ts';
import { createServerGuard, type ServerGuard } from './server-guard.ts';
import { attempt } from './containment.ts';
import { claimServer, disownServer, isOwned, setTentative } from './owners.ts';

/** The servers in the care of one coordinator. */
export interface Servers extends Drainable {
  /** @throws ERR_GRACEFUL_INVALID_ARGUMENT, ERR_GRACEFUL_SERVER_OWNED */
  readonly attach: (server: Server) => () => void;
  readonly list: () => readonly Server[];
  readonly guard: ServerGuard;
}

interface Attachment {
  readonly detach: () => void;
  /** Tracks the connections of the server, unless that is so already. */
  readonly wake: () => void;
}

/** @param failed - called with the error of a listener that could not be closed */
export function createServers(failed: (error: unknown) => void, hooks: ConnectionHooks): Servers {
  /** By server, if that listens or has not listened yet, or is closed and has connections left. */
  const tracked = new Map<Server, Connections>();
  /** Closed servers, too, which may be collected. One that listens again is tracked again. */
  const attachments = createAttachments();
  const closer = createCloser(failed);
  const guard = createServerGuard();
  let announced = false;

  const all = (): Connections[] => [...tracked.values()];

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

    function wake(): Connections {
      const awake = tracked.get(server);
      if (awake !== undefined) return awake;
      const connections = trackServer(server, hooks);
      tracked.set(server, connections);
      if (announced) connections.announce();
      guard.add(server);
      return connections;
    }
    const onListening = (): void => closer.close(server, wake());
    function onClose(): void {
      // A server that closes during a shutdown is in its report.
      if (!closer.begun() && !isListening(server)) forget(tracked, server);
    }
    function detach(): void {
      // The server may have been attached again since.
      if (attachments.get(server)?.detach !== detach) return;
      attachments.delete(server);
      disownServer(server);
      unwatch();
      closer.release(server);
      guard.remove(server);
      forget(tracked, server);
    }

    const unwatch = watchListening(server, onListening, onClose);
    attachments.set(server, { detach, wake });
    onListening();
    if (open !== undefined) tracked.get(server)?.adopt?.(open);
    return detach;
  }

  return {
    attach,
    list: () => [...tracked.keys()],
    guard,
    counts: () => sumCounts(all().map((connections) => connections.counts())),
    unsettled: () => all().reduce((total, connections) => total + connections.unsettled(), 0),
    waiting: (limit) => waitingIn(all(), limit),
    announce: () => {
      announced = true;
      for (const connections of all()) attempt(failed, connections.announce, undefined);
    },
    close: (options) => {
      for (const server of serversBehind(all())) attempt(failed, () => attach(server), undefined);
      closer.begin(options, tracked);
    },
    closed: closer.closed,
    drained: closer.drained,
    cut: (enough) => cutAll(all(), failed, enough),
    totals: () => all().map((connections) => connections.totals()),
    release: () => {
      for (const { detach } of attachments.all()) detach();
    },
  };
}

/** Warns of a stop that drains nothing. One that joined the stop of another coordinator may well have no server. */
export function warnWithoutServer({ list }: Pick<Servers, 'list'>): void {
  if (list().length > 0 || unfinishedStops().length > 1) return;
  warn(
    'WARN_GRACEFUL_NO_SERVER',
    'shutdown with no server attached: call coordinator.attach(server) for each server',
  );
}

interface Attachments {
  readonly get: (server: Server) => Attachment | undefined;
  readonly set: (server: Server, attachment: Attachment) => void;
  readonly delete: (server: Server) => void;
  readonly all: () => readonly Attachment[];
}

/** What is attached, which a closed server stays: it may listen again. */
function createAttachments(): Attachments {
  const byServer = new WeakMap<Server, Attachment>();
  const servers = new Set<WeakRef<Server>>();
  return {
    get: (server) => byServer.get(server),
    set: (server, attachment) => {
      byServer.set(server, attachment);
      for (const each of servers) if (each.deref() === undefined) servers.delete(each);
      servers.add(new WeakRef(server));
    },
    delete: (server) => {
      byServer.delete(server);
      for (const each of servers) if (each.deref() === server) servers.delete(each);
    },
    all: () =>
      [...servers].flatMap((each) => {
        const server = each.deref();
        return (server && byServer.get(server)) ?? [];
      }),
  };
}

/** Calls back when a server begins to listen, and when it is closed, until the returned function is called. */
function watchListening(server: Server, onListening: () => void, onClose: () => void): () => void {
  server.on('listening', onListening);
  server.on('close', onClose);
  return () => {
    server.off('listening', onListening);
    server.off('close', onClose);
  };
}

/** Servers that never listen and have connections of these, and no coordinator: behind a multiplexer of protocols. */
function serversBehind(all: readonly Connections[]): Server[] {
  return all.flatMap((connections) => connections.behind?.() ?? []).filter((server) => !isOwned(server));
}

function cutAll(
  all: readonly Connections[],
  failed: (error: unknown) => void,
  enough?: () => boolean,
): readonly CutConnection[] {
  const contained = all.map(({ cut }): Pick<Connections, 'cut'> => ({
    cut: (until) => attempt(failed, () => cut(until), []),
  }));
  return cutInTurn(contained, enough);
}

function waitingIn(all: readonly Connections[], limit: number): string[] {
  return all.flatMap((connections) => connections.waiting(limit)).slice(0, limit);
}

function forget(tracked: Map<Server, Connections>, server: Server): void {
  tracked.get(server)?.release();
  tracked.delete(server);
}
