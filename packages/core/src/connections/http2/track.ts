import type {
  Http2SecureServer,
  Http2Server,
  IncomingHttpHeaders,
  ServerHttp2Session,
  ServerHttp2Stream,
} from 'node:http2';
import type { Server, Socket } from 'node:net';
import type { CutConnection } from '../../api/report.ts';
import { clearTimeout, now, setImmediate } from '../../clock.ts';
import { cutEach, NO_TOTALS, type Connections } from '../../drain/connections.ts';
import { openSessions, openStreams, underSession } from '../../node-internals/http2.ts';
import { peerName } from '../names.ts';
import { createOpenSet } from '../open-set.ts';
import { leaveRaw } from '../raw.ts';
import { endEndless, isEventStream, NO_ERROR } from './endless.ts';
import { createGoaway, type Goaway } from './goaway.ts';
import { createSession, streamName, type OpenSession, type OpenStream, type Session } from './session.ts';

/** RFC 9113, section 7. */
const CANCEL = 0x8;

/** Node exports no class to ask with `instanceof`; both kinds have this method since they exist. */
export function isHttp2Server(server: Server): server is Http2Server | Http2SecureServer {
  return typeof (server as Partial<Http2Server>).updateSettings === 'function';
}

/**
 * Tracks and drains HTTP/2 sessions, see `goaway.ts`.
 *
 * @param event - `connection`, or `secureConnection` for a server over TLS
 */
export function trackHttp2(
  server: Http2Server | Http2SecureServer,
  event: 'connection' | 'secureConnection',
): Connections {
  let goaway: Goaway | undefined;
  let stopEndless = (): void => {};
  let latest: Socket | undefined;
  const totals = { ...NO_TOTALS };

  /** gRPC calls that were told UNAVAILABLE instead of an answer. */
  const unanswered: CutConnection[] = [];
  /** A closed stream does not know its session any more. */
  const entries = new Map<ServerHttp2Stream, Session>();

  const sessions = createOpenSet<ServerHttp2Session, Session>((entry) => {
    clearTimeout(entry.timer);
    if (goaway !== undefined) totals[entry.ending ?? 'gone'] += 1;
  });

  /** Node makes the session of a connection in this event, unless a wrapper reads something first. */
  const onConnection = (socket: Socket): void => {
    latest = socket;
  };

  function onSession(session: ServerHttp2Session): void {
    const socket = (underSession(session) as Socket | undefined) ?? latest;
    latest = undefined;
    if (socket !== undefined) addSession(session, socket, now());
  }

  function addSession(session: ServerHttp2Session, socket: Socket, since: number): Session {
    leaveRaw(socket);
    const entry = createSession(session, socket, since);
    sessions.add(session, entry);
    session.on('stream', onStream);
    goaway?.begin(entry);
    return entry;
  }

  function onStream(this: ServerHttp2Session, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const entry = sessions.entries.get(this);
    if (entry === undefined) return;
    if (goaway !== undefined) totals.arrived += 1;
    addStream(entry, stream, { headers, since: now() });
  }

  function addStream(entry: Session, stream: ServerHttp2Stream, open: OpenStream): void {
    entry.silent = false;
    entry.streams.set(stream, open);
    entries.set(stream, entry);
    stream.once('close', onStreamClose);
  }

  function onStreamClose(this: ServerHttp2Stream): void {
    const entry = entries.get(this);
    entries.delete(this);
    if (entry === undefined || !entry.streams.delete(this) || goaway === undefined) return;
    if (this.rstCode === 0) totals.served += 1;
    else totals.unanswered += 1;
    entry.ending = 'answered';
    if (entry.streams.size === 0) goaway.whenQuiet(entry);
  }

  function* openStreamsOfAll(): Generator<readonly [ServerHttp2Stream, OpenStream]> {
    for (const { streams } of sessions.entries.values()) yield* streams;
  }

  function cut(entry: Session): CutConnection[] {
    const { session, socket, streams } = entry;
    const rest: CutConnection = {
      kind: 'http2',
      name: peerName(socket),
      requests: 0,
      // Its streams are closed, but not all that they wrote is with the kernel.
      lost: session.destroyed && !socket.writableFinished,
    };
    clearTimeout(entry.timer);
    sessions.remove(session);
    const cuts = [...streams].map(([stream, open]) => {
      entries.delete(stream);
      return cutStream(stream, open);
    });
    streams.clear();
    session.destroy();
    // The session alone would wait for the client. A turn later the RST_STREAM frames are written.
    setImmediate(() => socket.destroy());
    return cuts.length === 0 ? [rest] : cuts;
  }

  server.prependListener(event, onConnection);
  server.on('session', onSession);
  for (const session of openSessions(server)) {
    const socket = underSession(session) as Socket | undefined;
    if (socket === undefined || session.destroyed) continue;
    const entry = addSession(session, socket, now());
    for (const stream of openStreams(session)) addStream(entry, stream, { headers: {}, since: now() });
  }

  return {
    counts: () => {
      const all = [...sessions.entries.values()];
      const idle = all.filter(({ streams }) => streams.size === 0).length;
      return { open: all.length, inFlight: entries.size, idle };
    },
    unsettled: () =>
      [...sessions.entries.values()].filter(({ streams, session }) =>
        streams.size === 0
          ? !session.closed && !session.destroyed
          : [...streams.keys()].some((stream) => !isEventStream(stream)),
      ).length,
    waiting: (limit) =>
      [...openStreamsOfAll()]
        .map(([, open]) => open)
        .toSorted((a, b) => a.since - b.since)
        .slice(0, limit)
        .map(streamName),
    announce: () => {},
    drain: (limits) => {
      if (goaway !== undefined) return;
      goaway = createGoaway(limits);
      totals.inFlight = entries.size;
      stopEndless = endEndless(limits, openStreamsOfAll, (stream, open) => {
        entries.get(stream)?.streams.delete(stream);
        entries.delete(stream);
        unanswered.push({ kind: 'request', name: streamName(open), requests: 1, lost: true });
      });
      for (const entry of sessions.entries.values()) goaway.begin(entry);
    },
    whenEmpty: sessions.whenEmpty,
    cut: (enough) => [...unanswered.splice(0), ...cutEach(sessions.entries.values(), enough, cut).flat()],
    totals: () => totals,
    open: () =>
      [...sessions.entries.values()].map(({ session, socket, since, streams }): OpenSession => {
        const list = [...streams].map(([stream, open]) => ({ stream, ...open }));
        return { session, socket, since, streams: list };
      }),
    adopt: (open) => {
      if (!Array.isArray(open)) return;
      for (const { session, socket, since, streams: list } of open as readonly OpenSession[]) {
        if (typeof session?.ping !== 'function' || session.destroyed || !Array.isArray(list)) continue;
        const entry = sessions.entries.get(session) ?? addSession(session, socket, since);
        for (const { stream, ...each } of list) addStream(entry, stream, each);
      }
    },
    release: () => {
      stopEndless();
      goaway?.stop();
      server.off(event, onConnection);
      server.off('session', onSession);
      for (const { session, streams, timer } of sessions.entries.values()) {
        clearTimeout(timer);
        session.off('stream', onStream);
        for (const stream of streams.keys()) stream.off('close', onStreamClose);
      }
      entries.clear();
      sessions.clear();
    },
  };
}

/** Destroying the session alone says NO_ERROR: half a response would look like a whole one. */
function cutStream(stream: ServerHttp2Stream, open: OpenStream): CutConnection {
  // A finished stream was ended by `endless.ts`, for one: only its client has not closed its half.
  const lost = !stream.writableFinished;
  stream.close(lost ? CANCEL : NO_ERROR);
  return { kind: 'request', name: streamName(open), requests: lost ? 1 : 0, lost };
}
