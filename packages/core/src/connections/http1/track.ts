import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { CutConnection } from '../../api/report.ts';
import { NO_TOTALS, type ConnectionHooks, type Connections } from '../../drain/connections.ts';
import { now } from '../../clock.ts';
import { admit, sayCloseIfLast } from './admit.ts';
import { busyOf, countsOf, unsettledOf, waitingOf } from './counts.ts';
import { describeCut } from './cut.ts';
import { NO_LIMITS } from '../../drain/limits.ts';
import { replaceDestroySoon } from './destroy-soon.ts';
import { deferRequests } from './defer-requests.ts';
import { endEventStreams } from '../event-streams.ts';
import {
  currentResponse,
  incompleteRequest,
  listConnections,
  saysClose,
  protocolOf,
  exposesCurrentResponse,
  stopTimeoutChecks,
} from '../../node-internals/http.ts';
import {
  connectionOf,
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
import { createHandBack } from './hand-back.ts';
import { createIdleConnections } from './idle.ts';
import { NONE, type InFlight } from './in-flight.ts';
import { isHttp2, openAlready } from './open-already.ts';
import { createQuietSet } from './quiet-set.ts';
import { linger } from '../linger.ts';
import { isPassedOn } from '../../node-internals/net.ts';
import { createOpenSet } from '../open-set.ts';
import { leaveRaw } from '../raw.ts';
import { received } from '../received.ts';
import { endUpgraded } from '../upgraded.ts';

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
  const totals = { ...NO_TOTALS };
  const deferred = deferRequests(server);
  const idle = createIdleConnections(server, () => limits, {
    end: (connection) => end(connection, 'idle'),
    endUpgraded: endUpgrade,
  });

  // What TLS knows of a connection is in this process.
  const handBack = createHandBack(server, event === 'connection', () => limits, idle);
  /** While nothing is shutting down. */
  const known = createQuietSet();
  /** From then on. */
  const sockets = createOpenSet<Socket, Http1Connection>((connection) => {
    clearTimeout(connection.drain?.timer);
    const ending = connection.drain?.ending ?? 'gone';
    // One that is handed over counts when it has arrived.
    if (phase !== 'draining' || ending === 'moved') return;
    totals[ending] += 1;
    totals.unanswered += connection.inFlight.size;
  }, isPassedOn);

  const owner: RequestOwner = {
    adopt: (socket, existing = false) => {
      leaveRaw(socket);
      const other = connectionOf(socket);
      other?.owner.leave(other);
      const opened = existing && event === 'connection' ? 0 : received(socket);
      const connection = setConnection(socket, owner, opened);
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
      if (phase !== 'running' && !admit(connection, response, now() > late && !handBack.keeps(connection))) {
        deferred.drop(response);
        return;
      }
      if (phase === 'draining') totals.arrived += 1;
      connection.since = Math.round(now());
      remember(connection, response, connection.since);
    },
    finished: (connection, response) => {
      if (phase !== 'draining') return;
      totals.served += 1;
      if (connection.inFlight.size === 0) process.nextTick(takeNext, connection, response);
    },
    keeps: handBack.keeps,
    leave: (connection) => {
      known.remove(connection);
      sockets.remove(connection.socket);
      clearTimeout(connection.drain?.timer);
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
    for (const socket of openAlready(server, event))
      if (!sockets.entries.has(socket)) owner.adopt(socket, true);
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
    replaceDestroySoon(socket, () => end(connection, 'answered'));
  }

  function begin(connection: Http1Connection): void {
    const { socket } = connection;
    if (connection.inFlight.size > 0 || isPassedOn(socket)) return;
    // A turn later the listeners of `closing` have run, and the application has written its last messages.
    if (protocolOf(socket) === 'upgraded') setImmediate(endUpgrade, connection);
    else if (!handBack.offer(connection)) idle.await(connection);
  }

  function endUpgrade(connection: Http1Connection): void {
    endUpgraded(connection.socket, hooks, limits, () => {
      drainState(connection).saidAll = true;
    });
  }

  /** Once a response is finished Node begins with the next one, which may be from before this server was attached. */
  function takeNext(connection: Http1Connection, done: ServerResponse): void {
    const { socket } = connection;
    const response = currentResponse(socket);
    if (connection.inFlight.size === 0 && response !== undefined && !response.writableFinished) {
      totals.arrived += 1;
      remember(connection, response, connection.since);
      sayCloseIfLast(response);
    }
    if (connection.inFlight.size > 0) return;
    // `maxRequestsPerSocket`, or the application, has told the client that this was the last one.
    const told = saysClose(done) && handBack.keeps(connection);
    if (!told && handBack.offer(connection)) return;
    // A response that came this late has said close, whatever the application gave it, or it ends without a word.
    if (told || (connection.drain?.asked === true && now() > late)) end(connection, 'answered');
    else idle.await(connection);
  }

  function end(connection: Http1Connection, ending: 'answered' | 'idle'): void {
    const drain = drainState(connection);
    if (drain.ending !== undefined) return;
    drain.ending = ending;
    clearTimeout(drain.timer);
    linger(connection.socket, { upload: connection.upload });
    if (ending === 'idle') limits.sendFin(connection.socket);
  }

  function cut(connection: Http1Connection): CutConnection {
    const described = describeCut(connection, () => idle.headBegun(connection));
    // From here on it counts as cut, and as nothing else.
    owner.leave(connection);
    connection.inFlight = NONE;
    connection.socket.destroy();
    return described;
  }

  const all = (): Http1Connection[] => [...known.connections(), ...sockets.entries.values()];

  const add = (socket: Socket): void => {
    if (!isHttp2(socket)) owner.adopt(socket);
  };
  listConnections(server);
  server.on(event, add);
  registerServer(server, owner);
  for (const socket of openAlready(server, event)) owner.adopt(socket, true);

  return {
    counts: () => {
      sockets.sweep();
      return countsOf(all(), requestsOf);
    },
    unsettled: () => unsettledOf(all(), requestsOf),
    waiting: (limit) => waitingOf(all(), requestsOf, limit),
    announce,
    drain: (given) => {
      if (phase === 'draining') return;
      announce();
      phase = 'draining';
      limits = given;
      late = now() + limits.keepAliveGrace;
      stopStreams = endEventStreams(limits.left() / 2, () =>
        busyOf(all(), requestsOf).map(({ inFlight: { first } }) => first),
      );
      totals.inFlight = countsOf(all(), requestsOf).inFlight;
      for (const connection of sockets.entries.values()) begin(connection);
    },
    whenEmpty: () => handBack.whenEmpty(sockets),
    cut: () => {
      sockets.sweep();
      return [...sockets.entries.values()].map(cut);
    },
    totals: () => ({ ...totals, moved: handBack.moved() }),
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
