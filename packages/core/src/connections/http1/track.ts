import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { CutConnection } from '../../api/report.ts';
import { cutEach, NO_TOTALS, type ConnectionHooks, type Connections } from '../../drain/connections.ts';
import { now } from '../../clock.ts';
import { admit, sayCloseIfLast } from './admit.ts';
import { countSockets, createCensus } from './census.ts';
import { describeCut } from './cut.ts';
import { NO_LIMITS } from '../../drain/limits.ts';
import { deferRequests } from './defer-requests.ts';
import { createEndings } from './endings.ts';
import { endEventStreams } from '../event-streams.ts';
import {
  currentResponse,
  exposesCurrentResponse,
  incompleteRequest,
  isLast,
  listConnections,
  protocolOf,
  saysClose,
  stopTimeoutChecks,
} from '../../node-internals/http.ts';
import {
  connectionOf,
  drainState,
  followAllRequests,
  leaveElsewhere,
  recordPipelined,
  registerServer,
  remember,
  requestsOnSocket,
  setConnection,
  unregisterServer,
  watchPipelining,
  type Http1Connection,
  type RequestOwner,
} from './request-channel.ts';
import { silent } from './idle.ts';
import { NONE } from './in-flight.ts';
import { isHttp2, isShown, openAlready } from './open-already.ts';
import { readActivity } from '../../node-internals/activity.ts';
import { untapPipelining } from '../../node-internals/pipelining.ts';
import { isPassedOn } from '../../node-internals/net.ts';
import { createDestroyWatch } from '../destroy-watch.ts';
import { createOpenSet } from '../open-set.ts';
import { acceptedAt, noteAccepted } from '../accepted.ts';
import { received } from '../received.ts';
import { rarely } from '../rarely.ts';

/**
 * Tracks and drains the HTTP/1 connections of a server. While nothing shuts down it is on the path of no request: Node
 * keeps a list of the connections, and knows what each of them writes.
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
  const census = createCensus();
  const plain = event === 'connection';
  const endings = createEndings({ server, plain, hooks, census, limits: () => limits });
  const { handBack, idle, end } = endings;
  /** While nothing shuts down, those that Node does not show; then all. */
  const sockets = createOpenSet<Socket, Http1Connection>(
    (connection) => {
      census.leave(connection);
      const ending = connection.drain?.ending ?? 'gone';
      // One that is handed over counts when it has arrived.
      if (phase !== 'draining' || ending === 'moved') return;
      totals[ending] += 1;
      totals.unanswered += connection.inFlight.size;
      // What its handlers still say of them is no answer.
      connection.inFlight = NONE;
    },
    isPassedOn,
    createDestroyWatch(),
  );

  const owner: RequestOwner = {
    adopt: (socket, existing = false) => {
      const connection = take(socket, existing);
      if (phase !== 'running') follow(connection, readActivity());
      if (phase === 'draining') endings.begin(connection);
      return connection;
    },
    started: (socket, response) => {
      const known = connectionOf(socket);
      if (phase === 'running' && exposesCurrentResponse()) {
        const current = currentResponse(socket);
        if (current !== undefined) recordPipelined(known ?? owner.adopt(socket, true), current, response);
        return;
      }
      const connection = known?.owner === owner ? known : owner.adopt(socket, true);
      if (phase !== 'running') {
        if (!admit(connection, response, now() > late && !handBack.keeps(connection))) {
          deferred.drop(response);
          return;
        }
        endings.watch(connection);
      }
      if (phase === 'draining') totals.arrived += 1;
      connection.since = Math.round(now());
      remember(connection, response, connection.since);
      census.note(connection);
    },
    finished: (connection, response) => {
      census.note(connection);
      if (phase !== 'draining') return;
      totals.served += 1;
      if (connection.inFlight.size === 0) process.nextTick(takeNext, connection, response);
    },
    keeps: handBack.keeps,
    leave: (connection) => {
      census.leave(connection);
      sockets.remove(connection.socket);
    },
  };

  /** @param existing - whether it was open before this server was attached, or the shutdown began */
  function take(socket: Socket, existing: boolean): Http1Connection {
    leaveElsewhere(socket);
    if (phase === 'running') watchPipelining(socket);
    const opened = existing && plain ? 0 : received(socket);
    const connection = setConnection(socket, owner, opened);
    sockets.add(socket, connection);
    return connection;
  }

  function announce(): void {
    if (phase !== 'running') return;
    phase = 'announced';
    deferred.start();
    followAllRequests();
    for (const socket of openAlready(server, event)) if (!sockets.entries.has(socket)) take(socket, true);
    const activity = readActivity();
    for (const connection of sockets.entries.values()) follow(connection, activity);
  }

  function follow(connection: Http1Connection, activity: ReturnType<typeof readActivity>): void {
    const { socket } = connection;
    untapPipelining(socket);
    const quiet = silent(connection) ? undefined : activity(socket);
    connection.since =
      quiet === undefined ? (acceptedAt(socket) ?? connection.since) : Math.round(now() - quiet);
    if (exposesCurrentResponse()) {
      connection.inFlight = requestsOnSocket(connection);
      if (connection.inFlight.size === 0) connection.upload = incompleteRequest(socket);
    }
    for (const response of connection.inFlight) sayCloseIfLast(response);
    const { first } = connection.inFlight;
    if (first !== undefined) {
      endings.watch(connection);
      if (!isLast(socket, first)) drainState(connection).hiding = first;
    }
    if (protocolOf(socket) === 'upgraded') drainState(connection).upgraded = true;
    census.note(connection);
  }

  /** Once a response is finished Node begins with the next one, which may be from before this server was attached. */
  function takeNext(connection: Http1Connection, done: ServerResponse): void {
    const { socket } = connection;
    const response = currentResponse(socket);
    if (connection.inFlight.size === 0 && response !== undefined && !response.writableFinished) {
      totals.arrived += 1;
      remember(connection, response, connection.since);
      sayCloseIfLast(response);
      census.note(connection);
    }
    if (connection.inFlight.size > 0) return;
    // `maxRequestsPerSocket`, or the application, has told the client that this was the last one.
    const told = saysClose(done) && handBack.keeps(connection);
    if (!told && handBack.offer(connection)) return;
    // A response that came this late has said close, whatever the application gave it, or it ends without a word.
    if (told || (connection.drain?.asked === true && now() > late)) end(connection, 'answered');
    else idle.await(connection);
  }

  function cut(connection: Http1Connection): CutConnection {
    const described = describeCut(connection, () => idle.headBegun(connection));
    // From here on it counts as cut, and as nothing else.
    owner.leave(connection);
    connection.inFlight = NONE;
    connection.socket.destroy();
    return described;
  }

  const add = (socket: Socket): void => {
    if (isHttp2(socket)) return;
    if (phase === 'running' && isShown(server, event, socket)) {
      leaveElsewhere(socket);
      noteAccepted(socket);
      watchPipelining(socket);
    } else owner.adopt(socket);
  };
  const countAll = rarely(() => {
    sockets.sweep();
    return countSockets(new Set([...openAlready(server, event), ...sockets.entries.keys()]));
  });
  listConnections(server);
  server.on(event, add);
  registerServer(server, owner);
  for (const socket of openAlready(server, event)) {
    if (isShown(server, event, socket, true)) watchPipelining(socket);
    else owner.adopt(socket, true);
  }

  return {
    counts: () => (phase === 'running' ? countAll() : census.counts(sockets.entries.size)),
    unsettled: () => census.unsettled() + census.owing(),
    waiting: census.waiting,
    announce,
    drain: (given) => {
      if (phase === 'draining') return;
      announce();
      phase = 'draining';
      limits = given;
      late = now() + limits.keepAliveGrace;
      stopStreams = endEventStreams(limits.left() / 2, census.writing);
      totals.inFlight = census.counts(0).inFlight;
      endings.beginAll(sockets.entries.values());
    },
    whenEmpty: () => handBack.whenEmpty(sockets),
    cut: (enough) => {
      sockets.sweep();
      return cutEach(sockets.entries.values(), enough, cut);
    },
    totals: () => ({ ...totals, moved: handBack.moved() }),
    release: () => {
      server.off(event, add);
      unregisterServer(server);
      deferred.stop();
      stopStreams();
      if (phase === 'draining') stopTimeoutChecks(server);
      endings.stop();
      for (const socket of openAlready(server, event)) untapPipelining(socket);
      sockets.clear();
    },
  };
}
