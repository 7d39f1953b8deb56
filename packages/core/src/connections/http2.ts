import type {
  Http2SecureServer,
  Http2Server,
  IncomingHttpHeaders,
  ServerHttp2Session,
  ServerHttp2Stream,
} from 'node:http2';
import type { Server, Socket } from 'node:net';
import type { CutConnection } from '../api/report.ts';
import type { Connections } from '../drain/connections.ts';
import { now } from '../clock.ts';
import { silentGrace, type DrainLimits } from '../drain/limits.ts';
import {
  describeStream,
  endEventStreams,
  type OpenSession,
  type OpenStream,
  type Session,
} from './http2-session.ts';
import { linger } from './linger.ts';
import { createOpenSet } from './open-set.ts';
import { peerName } from './names.ts';

/** The error code of a stream that is no longer needed: RFC 9113, section 7. `node:http2` is not loaded for it. */
const CANCEL = 0x8;

/** Longest wait for the answer to a PING, in milliseconds. */
const PING_LIMIT_MS = 1_000;

/** How often event streams are looked for in the second half of a drain, in milliseconds. */
const LOOK_MS = 100;

/** Node exports no class to ask with `instanceof`; both kinds have this method since they exist. */
export function isHttp2Server(server: Server): server is Http2Server | Http2SecureServer {
  return typeof (server as Partial<Http2Server>).updateSettings === 'function';
}

/**
 * Tracks and drains HTTP/2 sessions. One gets its GOAWAY when its last open stream is closed and the answer to a
 * PING brought no other, or after `keepAliveGrace`. What crosses the GOAWAY is not processed; the client
 * knows that, and may send it elsewhere (RFC 9113, section 8.7). Not at once: undici 7 drops what is in flight when a
 * GOAWAY arrives.
 *
 * No GOAWAY with the highest stream id goes ahead, as the RFC proposes: nghttp2 ignores streams after any GOAWAY but
 * its own shutdown notice, which Node does not offer, and so would break what such a GOAWAY says.
 *
 * @param event - `connection`, or `secureConnection` for a server over TLS
 */
export function trackHttp2(
  server: Http2Server | Http2SecureServer,
  event: 'connection' | 'secureConnection',
): Connections {
  let limits: DrainLimits | undefined;
  let streamTimer: NodeJS.Timeout | undefined;
  let latest: Socket | undefined;
  const totals = { inFlight: 0, served: 0, answered: 0, idle: 0, gone: 0 };
  const streams = new Map<ServerHttp2Stream, OpenStream>();

  const sessions = createOpenSet<ServerHttp2Session, Session>((entry) => {
    clearTimeout(entry.timer);
    if (limits !== undefined) totals[entry.ending ?? 'gone'] += 1;
  });

  /** Node makes the session of a connection in this event. */
  const onConnection = (socket: Socket): void => {
    latest = socket;
  };

  function onSession(session: ServerHttp2Session): void {
    if (latest === undefined) return;
    addSession(session, latest, now());
    latest = undefined;
  }

  function addSession(session: ServerHttp2Session, socket: Socket, since: number): Session {
    const entry: Session = {
      session,
      socket,
      since,
      silent: true,
      open: 0,
      asked: false,
      timer: undefined,
      ending: undefined,
    };
    sessions.add(session, entry);
    session.on('stream', onStream);
    begin(entry);
    return entry;
  }

  function onStream(this: ServerHttp2Session, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const entry = sessions.entries.get(this);
    if (entry !== undefined) addStream(entry, stream, headers, now());
  }

  function addStream(
    entry: Session,
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    since: number,
  ): void {
    entry.open += 1;
    entry.silent = false;
    streams.set(stream, { entry, headers, since });
    stream.once('close', onStreamClose);
  }

  function onStreamClose(this: ServerHttp2Stream): void {
    const stream = streams.get(this);
    if (stream === undefined) return;
    streams.delete(this);
    const { entry } = stream;
    entry.open -= 1;
    if (limits === undefined) return;
    if (this.rstCode === 0) totals.served += 1;
    entry.ending = 'answered';
    if (entry.open === 0) whenQuiet(entry);
  }

  function begin(entry: Session): void {
    if (limits === undefined) return;
    // Node ends the socket when the last stream is closed, and then waits for the client's FIN for ever.
    entry.socket.once('finish', () => linger(entry.socket));
    const grace = entry.silent ? silentGrace(limits, entry.since, entry.socket) : limits.keepAliveGrace;
    entry.timer = setTimeout(end, grace, entry).unref();
  }

  function whenQuiet(entry: Session): void {
    if (entry.asked || entry.session.destroyed || entry.session.closed) return;
    entry.asked = true;
    const answered = (): void => {
      entry.asked = false;
      if (entry.open === 0) close(entry);
    };
    if (!entry.session.ping(answered)) answered();
  }

  function end(entry: Session): void {
    const { session } = entry;
    if (session.destroyed || session.closed) return;
    if (entry.open === 0) {
      close(entry);
      return;
    }
    // A stream that was on its way when the PING left has arrived when its answer is here.
    entry.timer = setTimeout(close, PING_LIMIT_MS, entry).unref();
    if (!session.ping(() => close(entry))) close(entry);
  }

  function close(entry: Session): void {
    clearTimeout(entry.timer);
    if (entry.session.destroyed || entry.session.closed) return;
    entry.ending ??= entry.open > 0 ? 'answered' : 'idle';
    entry.session.close();
  }

  function cut(entry: Session): CutConnection[] {
    const { session, socket } = entry;
    const open = [...streams].filter(([, stream]) => stream.entry === entry);
    const rest: CutConnection = {
      kind: 'http2',
      name: peerName(socket),
      requests: 0,
      // Its streams are closed, but not all that they wrote is with the kernel.
      lost: session.destroyed && !socket.writableFinished,
    };
    clearTimeout(entry.timer);
    sessions.remove(session);
    for (const [stream] of open) {
      streams.delete(stream);
      // Destroying the session says NO_ERROR: half a response would look like a whole one.
      stream.close(CANCEL);
    }
    session.destroy();
    // The session alone would wait for the client. A turn later the RST_STREAM frames are written.
    setImmediate(() => socket.destroy());
    if (open.length === 0) return [rest];
    return open.map(([, stream]) => ({
      kind: 'request',
      name: describeStream(stream),
      requests: 1,
      lost: true,
    }));
  }

  server.prependListener(event, onConnection);
  server.on('session', onSession);

  return {
    counts: () => {
      const idle = [...sessions.entries.values()].filter(({ open }) => open === 0).length;
      return { open: sessions.entries.size, inFlight: streams.size, idle };
    },
    waiting: (limit) =>
      [...streams.values()]
        .toSorted((a, b) => a.since - b.since)
        .slice(0, limit)
        .map(describeStream),
    announce: () => {},
    drain: (given) => {
      if (limits !== undefined) return;
      limits = given;
      totals.inFlight = streams.size;
      streamTimer = setTimeout(() => {
        endEventStreams(streams.keys());
        streamTimer = setInterval(() => endEventStreams(streams.keys()), LOOK_MS).unref();
      }, limits.left() / 2).unref();
      for (const entry of sessions.entries.values()) begin(entry);
    },
    whenEmpty: sessions.whenEmpty,
    cut: () => [...sessions.entries.values()].flatMap(cut),
    totals: () => totals,
    open: () =>
      [...sessions.entries.values()].map((entry): OpenSession => {
        const { session, socket, since } = entry;
        const ours = [...streams].filter(([, stream]) => stream.entry === entry);
        const list = ours.map(([stream, of]) => ({ stream, headers: of.headers, since: of.since }));
        return { session, socket, since, streams: list };
      }),
    adopt: (open) => {
      if (!Array.isArray(open)) return;
      for (const { session, socket, since, streams: list } of open as readonly OpenSession[]) {
        if (typeof session?.ping !== 'function' || session.destroyed || !Array.isArray(list)) continue;
        const entry = addSession(session, socket, since);
        for (const each of list) addStream(entry, each.stream, each.headers, each.since);
      }
    },
    release: () => {
      clearTimeout(streamTimer);
      server.off(event, onConnection);
      server.off('session', onSession);
      for (const { session, timer } of sessions.entries.values()) {
        clearTimeout(timer);
        session.off('stream', onStream);
      }
      for (const stream of streams.keys()) stream.off('close', onStreamClose);
      streams.clear();
      sessions.clear();
    },
  };
}
