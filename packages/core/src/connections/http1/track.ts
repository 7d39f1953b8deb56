import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { cutEach, NO_TOTALS, type ConnectionHooks, type Connections } from '../../drain/connections.ts';
import { nextTick, now } from '../../clock.ts';
import { admit, sayCloseIfLast } from './admit.ts';
import { countSockets, createCensus } from './census.ts';
import { cut } from './cut.ts';
import { NO_LIMITS } from '../../drain/limits.ts';
import { deferRequests } from './defer-requests.ts';
import { createEndings } from './endings.ts';
import { endEventStreams } from '../event-streams.ts';
import {
  currentResponse,
  exposesCurrentResponse,
  listConnections,
  saysClose,
  stopTimeoutChecks,
} from '../../node-internals/http.ts';
import {
  connectionOf,
  followAllRequests,
  isBusy,
  leaveElsewhere,
  recordPipelined,
  registerServer,
  remember,
  setConnection,
  unregisterServer,
  watchPipelining,
  type Http1Connection,
  type RequestOwner,
} from './request-channel.ts';
import { follow } from './follow.ts';
import { NONE } from './in-flight.ts';
import { isHttp2, isShown, isUnseen, openAlready } from './open-already.ts';
import { untapPipelining } from '../../node-internals/pipelining.ts';
import { serverOf } from '../../node-internals/hand-over.ts';
import { isPassedOn } from '../../node-internals/net.ts';
import { createDestroyWatch } from '../destroy-watch.ts';
import { createOpenSet } from '../open-set.ts';
import { noteAccepted } from '../accepted.ts';
import { received } from '../received.ts';
import { rarely } from '../rarely.ts';
import { createWalk } from '../walk.ts';

/**
 * Tracks and drains the HTTP/1 connections of a server. While nothing shuts down, one function of
 * `node-internals/pipelining.ts` is all that is on the path of a request: Node lists the connections, and knows what
 * each of them writes.
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
  /** When the drain will have lasted for `keepAliveGrace`. */
  let late = Infinity;
  let swept = false;
  const totals = { ...NO_TOTALS };
  const deferred = deferRequests(server);
  const census = createCensus();
  const plain = event === 'connection';
  const endings = createEndings({ server, plain, hooks, census, limits: () => limits });
  const { handBack, idle, end } = endings;
  /** While nothing shuts down, those that Node does not show or that pipeline; then all. */
  const sockets = createOpenSet<Socket, Http1Connection>(
    (connection) => {
      census.leave(connection);
      settling.drop(connection);
      const ending = connection.drain?.ending ?? 'gone';
      // A connection that is handed back counts (`moved`) when the primary has taken it.
      if (phase !== 'draining' || ending === 'moved') return;
      totals[ending] += 1;
      totals.unanswered += connection.inFlight.size;
      // What the application still writes is no answer: nothing of it is sent.
      connection.inFlight = NONE;
    },
    isPassedOn,
    createDestroyWatch(),
  );
  /** During a shutdown: connections without a record, which Node alone knows so far. */
  const unseen = createWalk<Socket>((found) => {
    const here = found.filter((socket) => serverOf(socket) === server);
    const open = here.filter(({ destroyed }) => !destroyed);
    if (phase === 'draining') totals.gone += here.length - open.length;
    settle(open.map((socket) => take(socket, true)));
  });
  /** During a shutdown: connections with a record that are still to be looked at. */
  const settling = createWalk<Http1Connection>((known) =>
    settle(known.filter(({ inFlight }) => inFlight.size === 0)),
  );

  const owner: RequestOwner = {
    adopt: (socket, existing = false) => {
      const connection = take(socket, existing);
      if (phase !== 'running') settle([connection]);
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
        if (settling.drop(connection)) settle([connection]);
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
      if (phase === 'running') return;
      census.note(connection);
      if (phase !== 'draining') return;
      totals.served += 1;
      if (connection.inFlight.size === 0) nextTick(takeNext, connection, response);
    },
    keeps: handBack.keeps,
    leave: (connection) => {
      census.leave(connection);
      settling.drop(connection);
      sockets.remove(connection.socket);
    },
  };

  /** @param existing - whether it was open before this server was attached, or the shutdown began */
  function take(socket: Socket, existing: boolean): Http1Connection {
    leaveElsewhere(socket);
    unseen.drop(socket);
    if (phase === 'running') watchPipelining(socket);
    const opened = existing && plain ? 0 : received(socket);
    const connection = setConnection(socket, owner, opened);
    sockets.add(socket, connection);
    return connection;
  }

  /** Looks at connections with a request in flight at once; at idle ones in slices, or with their next request. */
  function announce(): void {
    if (phase !== 'running') return;
    phase = 'announced';
    deferred.start();
    followAllRequests();
    const open = openAlready(server, event);
    for (const socket of open) {
      if (isUnseen(server, socket)) continue;
      open.delete(socket);
      if (!sockets.entries.has(socket)) take(socket, true);
    }
    const known = [...sockets.entries.values()];
    settle(known.filter(isBusy));
    settling.add(new Set(known));
    unseen.add(open);
  }

  function settle(connections: readonly Http1Connection[]): void {
    follow(connections, census, endings.watch);
    if (phase === 'draining') for (const connection of connections) endings.begin(connection);
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
    // A response this late has said close, or its head was out before: then the connection ends without a word.
    if (told || (connection.drain?.asked === true && now() > late)) end(connection, 'answered');
    else idle.await(connection);
  }

  const add = (socket: Socket): void => {
    if (isHttp2(socket)) return;
    if (phase === 'running' && isShown(server, event, socket)) {
      leaveElsewhere(socket);
      noteAccepted(socket);
      watchPipelining(socket);
    } else owner.adopt(socket);
  };
  const idleCount = (): number => census.unsettled() + unseen.left() + settling.left();
  const countAll = rarely(() => {
    sockets.sweep();
    return countSockets(openAlready(server, event), sockets.entries.keys());
  });
  listConnections(server);
  server.on(event, add);
  registerServer(server, owner);
  for (const socket of openAlready(server, event, true)) {
    if (isShown(server, event, socket, true)) watchPipelining(socket);
    else owner.adopt(socket, true);
  }

  return {
    counts: () => (phase === 'running' ? countAll() : census.counts(sockets.entries.size + unseen.left())),
    unsettled: () => idleCount() + census.owing(),
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
      endings.start(idleCount());
      settling.add(new Set(sockets.entries.values()));
    },
    whenEmpty: () => unseen.done().then(() => handBack.whenEmpty(sockets)),
    cut: (enough) => {
      unseen.finish();
      // Swept once: thousands are cut a few in each turn, and to look through them all takes longer than that.
      if (!swept) sockets.sweep();
      swept = true;
      return cutEach(sockets.entries.values(), enough, (each) => cut(each, idle.headBegun));
    },
    totals: () => ({ ...totals, moved: handBack.moved() }),
    release: () => {
      server.off(event, add);
      unregisterServer(server);
      deferred.stop();
      stopStreams();
      if (phase === 'draining') stopTimeoutChecks(server);
      for (const each of [endings, unseen, settling]) each.stop();
      for (const socket of openAlready(server, event)) untapPipelining(socket);
      sockets.clear();
    },
  };
}
