import type { Server } from 'node:http';
import { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { CutConnection } from '../../api/report.ts';
import type { ConnectionHooks, Connections } from '../../drain/connections.ts';
import { now } from '../../clock.ts';
import { admit, sayCloseIfLast } from './admit.ts';
import { NO_LIMITS } from '../../drain/limits.ts';
import { deferRequests } from './defer-requests.ts';
import { endEventStreams } from '../event-streams.ts';
import {
  currentResponse,
  incompleteRequest,
  knownSockets,
  protocolOf,
  exposesCurrentResponse,
  stopTimeoutChecks,
} from '../../node-internals/http.ts';
import {
  drainState,
  followAllRequests,
  requestsOnSocket,
  recordPipelined,
  remember,
  setConnection,
  untapParser,
  unregisterServer,
  tapParser,
  registerServer,
  type Http1Connection,
  type RequestOwner,
} from './request-channel.ts';
import { createIdleConnections } from './idle.ts';
import { NONE, type InFlight } from './in-flight.ts';
import { createQuietSet } from './quiet-set.ts';
import { linger } from '../linger.ts';
import { createOpenSet } from '../open-set.ts';
import { endUpgraded } from '../upgraded.ts';
import { peerName, requestName, withAge } from '../names.ts';

/**
 * Tracks and drains the HTTP/1 connections of a server.
 *
 * @param event - `connection`, or `secureConnection` for a server over TLS
 */
export function trackHttp1(
  server: Server,
  event: 'connection' | 'secureConnection',
  hooks: ConnectionHooks,
): Connections {
  let stopStreams = (): void => {};
  let phase: 'running' | 'announced' | 'draining' = 'running';
  let limits = NO_LIMITS;
  /** The drain has lasted for `keepAliveGrace`. */
  let late = Infinity;
  const totals = { inFlight: 0, served: 0, answered: 0, idle: 0, gone: 0 };
  const deferred = deferRequests(server);
  const idle = createIdleConnections(server, () => limits, {
    end: (connection) => end(connection, 'idle'),
    endUpgraded: ({ socket }) => endUpgraded(socket, hooks, limits.left),
  });

  /** While nothing is shutting down. */
  const known = createQuietSet();
  /** From then on. */
  const sockets = createOpenSet<Socket, Http1Connection>((connection) => {
    clearTimeout(connection.drain?.timer);
    if (phase === 'draining') totals[connection.drain?.ending ?? 'gone'] += 1;
  });

  const owner: RequestOwner = {
    adopt: (socket, existing = false) => {
      const connection: Http1Connection = {
        socket,
        owner,
        opened: existing && event === 'connection' ? 0 : socket.bytesRead,
        inFlight: NONE,
        upload: undefined,
        since: Math.round(now()),
        take: undefined,
        drain: undefined,
      };
      setConnection(socket, connection);
      if (phase === 'running') {
        known.add(connection);
        tapParser(connection);
      } else follow(connection);
      if (phase === 'draining') begin(connection);
      return connection;
    },
    started: (connection, response) => {
      if (!follows()) {
        recordPipelined(connection, response);
        return;
      }
      if (phase !== 'running' && !admit(connection, response, now() > late)) {
        deferred.drop(response);
        return;
      }
      connection.since = Math.round(now());
      remember(connection, response, connection.since);
    },
    finished: (connection) => {
      if (phase !== 'draining') return;
      totals.served += 1;
      if (connection.inFlight.size === 0) process.nextTick(takeNext, connection);
    },
  };

  const follows = (): boolean => phase !== 'running' || !exposesCurrentResponse();

  const requestsOf = (connection: Http1Connection): InFlight =>
    follows() ? connection.inFlight : requestsOnSocket(connection);

  function announce(): void {
    if (phase !== 'running') return;
    phase = 'announced';
    deferred.start();
    followAllRequests();
    for (const connection of known.clear()) follow(connection);
    for (const socket of knownSockets(server)) if (!sockets.entries.has(socket)) owner.adopt(socket, true);
  }

  function follow(connection: Http1Connection): void {
    const { socket } = connection;
    untapParser(connection);
    sockets.add(socket, connection);
    if (exposesCurrentResponse()) {
      connection.inFlight = requestsOnSocket(connection);
      if (connection.inFlight.size === 0) connection.upload = incompleteRequest(socket);
    }
    for (const response of connection.inFlight) sayCloseIfLast(response);
    // Node ends a response that said `Connection: close` with destroySoon.
    Object.defineProperty(socket, 'destroySoon', {
      configurable: true,
      value: () => {
        if (protocolOf(socket) === 'http') end(connection, 'answered');
        else Socket.prototype.destroySoon.call(socket);
      },
    });
  }

  function begin(connection: Http1Connection): void {
    const { socket } = connection;
    if (connection.inFlight.size > 0) return;
    if (protocolOf(socket) === 'upgraded') {
      // A turn later the listeners of `closing` have run, and the application has written its last messages.
      setImmediate(endUpgraded, socket, hooks, limits.left);
      return;
    }
    idle.await(connection);
  }

  /** Once a response is finished Node begins with the next one, which may be from before this server was attached. */
  function takeNext(connection: Http1Connection): void {
    const { socket } = connection;
    const response = currentResponse(socket);
    if (connection.inFlight.size === 0 && response !== undefined && !response.writableFinished) {
      remember(connection, response, connection.since);
      sayCloseIfLast(response);
    }
    if (connection.inFlight.size > 0) return;
    // A response that came this late has said close, whatever the application gave it, or it ends without a word.
    if (connection.drain?.asked === true && now() > late) end(connection, 'answered');
    else idle.await(connection);
  }

  function end(connection: Http1Connection, ending: 'answered' | 'idle'): void {
    const drain = drainState(connection);
    if (drain.ending !== undefined) return;
    drain.ending = ending;
    clearTimeout(drain.timer);
    linger(connection.socket, connection.upload);
    if (ending === 'idle') limits.sendFin(connection.socket);
  }

  function describe(connection: Http1Connection): string {
    const requests = requestsOf(connection);
    const { first } = requests;
    if (first === undefined) return peerName(connection.socket);
    const { method, url } = first.req;
    return withAge(requestName(method, url), requests.since(first) ?? connection.since);
  }

  function cut(connection: Http1Connection): CutConnection {
    const kind = cutKind(connection);
    const requests = connection.inFlight.size;
    const name = describe(connection);
    clearTimeout(connection.drain?.timer);
    // From here on it counts as cut, and as nothing else.
    sockets.remove(connection.socket);
    connection.inFlight = NONE;
    connection.socket.destroy();
    return { kind, name, requests, lost: kind !== 'idle' && kind !== 'lingering' };
  }

  function cutKind(connection: Http1Connection): CutConnection['kind'] {
    if (connection.drain?.ending !== undefined) return 'lingering';
    if (connection.inFlight.size > 0) return 'request';
    if (protocolOf(connection.socket) === 'upgraded') return 'upgraded';
    return idle.headBegun(connection) ? 'head' : 'idle';
  }

  const all = (): Http1Connection[] => [...known.connections(), ...sockets.entries.values()];

  const busy = (): Http1Connection[] => all().filter((connection) => requestsOf(connection).size > 0);

  const inFlight = (): number => all().reduce((sum, connection) => sum + requestsOf(connection).size, 0);

  /** A server that speaks both hands its HTTP/2 connections to sessions. */
  const isHttp2 = (socket: Socket): boolean => (socket as Partial<TLSSocket>).alpnProtocol === 'h2';
  const add = (socket: Socket): void => {
    if (!isHttp2(socket)) owner.adopt(socket);
  };
  server.on(event, add);
  registerServer(server, owner);
  for (const socket of knownSockets(server)) if (!isHttp2(socket)) owner.adopt(socket, true);

  return {
    counts: () => {
      const open = all().length;
      return { open, inFlight: inFlight(), idle: open - busy().length };
    },
    waiting: (limit) =>
      busy()
        .toSorted((a, b) => a.since - b.since)
        .slice(0, limit)
        .map(describe),
    announce,
    drain: (given) => {
      if (phase === 'draining') return;
      announce();
      phase = 'draining';
      limits = given;
      late = now() + limits.keepAliveGrace;
      stopStreams = endEventStreams(limits.left() / 2, () => busy().map(({ inFlight: { first } }) => first));
      totals.inFlight = inFlight();
      for (const connection of sockets.entries.values()) begin(connection);
    },
    whenEmpty: sockets.whenEmpty,
    cut: () => [...sockets.entries.values()].map(cut),
    totals: () => totals,
    release: () => {
      server.off(event, add);
      unregisterServer(server);
      deferred.stop();
      stopStreams();
      if (phase === 'draining') stopTimeoutChecks(server);
      for (const { drain } of sockets.entries.values()) clearTimeout(drain?.timer);
      for (const connection of known.clear()) untapParser(connection);
      sockets.clear();
    },
  };
}
