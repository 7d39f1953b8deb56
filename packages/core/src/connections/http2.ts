import type {
  Http2SecureServer,
  Http2Server,
  IncomingHttpHeaders,
  ServerHttp2Session,
  ServerHttp2Stream,
} from 'node:http2';
import type { Server, Socket } from 'node:net';
import { now } from '../clock.ts';
import type { Connections, CutConnection, DrainLimits } from './connections.ts';
import { linger } from './linger.ts';
import { createOpenSet } from './open-set.ts';
import { peerName } from './raw.ts';

/** Longest wait for the answer to a PING, in milliseconds. */
const PING = 1_000;

/** How often event streams are looked for in the second half of a drain, in milliseconds. */
const SWEEP = 100;

/** "No stream was refused": the last id there can be (RFC 9113, section 6.8). */
const LAST_STREAM = 2 ** 31 - 1;

interface Session {
  readonly session: ServerHttp2Session;
  /** `session.socket` hides it, and is gone when the session is. */
  readonly socket: Socket;
  /** Streams that are not closed. */
  open: number;
  /** Whether it ever had a stream. */
  used: boolean;
  timer: NodeJS.Timeout | undefined;
  ending: 'answered' | 'idle' | undefined;
}

interface OpenStream {
  readonly entry: Session;
  readonly headers: IncomingHttpHeaders;
  readonly since: number;
}

/** Node exports no class to ask with `instanceof`; both kinds have this method since they exist. */
export function isHttp2Server(server: Server): server is Http2Server | Http2SecureServer {
  return typeof (server as Partial<Http2Server>).updateSettings === 'function';
}

/**
 * Tracks and drains HTTP/2 sessions: a GOAWAY that refuses nothing, a PING, and on its answer the GOAWAY that ends.
 * What the client sent before it heard of the first is processed; what it sends after the second may be retried
 * (RFC 9113, section 8.7). A session without a stream yet gets this with its first, or after `keepAliveGrace`: some
 * clients send no request before they have read our SETTINGS.
 *
 * @param event - `connection`, or `secureConnection` for a server over TLS
 */
export function trackHttp2(
  server: Http2Server | Http2SecureServer,
  event: 'connection' | 'secureConnection',
): Connections {
  let grace: number | undefined;
  let streamTimer: NodeJS.Timeout | undefined;
  let latest: Socket | undefined;
  const totals = { inFlight: 0, served: 0, answered: 0, idle: 0, gone: 0 };
  const streams = new Map<ServerHttp2Stream, OpenStream>();

  const sessions = createOpenSet<ServerHttp2Session, Session>((entry) => {
    clearTimeout(entry.timer);
    if (grace !== undefined) totals[entry.ending ?? 'gone'] += 1;
  });

  /** Node makes the session of a connection in this event. */
  const onConnection = (socket: Socket): void => {
    latest = socket;
  };

  function onSession(session: ServerHttp2Session): void {
    if (latest === undefined) return;
    const entry: Session = { session, socket: latest, open: 0, used: false, timer: undefined, ending: undefined };
    latest = undefined;
    sessions.add(session, entry);
    session.on('stream', onStream);
    if (grace !== undefined) begin(entry);
  }

  function onStream(this: ServerHttp2Session, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const entry = sessions.entries.get(this);
    if (entry === undefined) return;
    entry.open += 1;
    entry.used = true;
    streams.set(stream, { entry, headers, since: now() });
    stream.once('close', onStreamClose);
    if (grace === undefined) return;
    if (entry.ending === undefined) end(entry);
    entry.ending &&= 'answered';
  }

  function onStreamClose(this: ServerHttp2Stream): void {
    const stream = streams.get(this);
    if (stream === undefined) return;
    streams.delete(this);
    stream.entry.open -= 1;
    if (grace !== undefined && this.rstCode === 0) totals.served += 1;
  }

  function begin(entry: Session): void {
    // Node ends the socket when the last stream is closed, and then waits for the client's FIN for ever.
    entry.socket.once('finish', () => linger(entry.socket));
    if (entry.used) end(entry);
    else entry.timer = setTimeout(endUnused, grace, entry);
  }

  function endUnused(entry: Session): void {
    if (entry.session.destroyed || entry.session.closed) return;
    entry.ending = 'idle';
    entry.session.close();
  }

  function end(entry: Session): void {
    const { session, open } = entry;
    clearTimeout(entry.timer);
    if (session.destroyed || session.closed) return;
    entry.ending = open > 0 ? 'answered' : 'idle';
    const close = (): void => {
      clearTimeout(entry.timer);
      if (!session.destroyed) session.close();
    };
    entry.timer = setTimeout(close, PING);
    session.goaway(0, LAST_STREAM);
    if (!session.ping(close)) close();
  }

  /** Endless by design, and its client comes back by itself: ending it is not cutting it. */
  function endEventStreams(): void {
    for (const stream of streams.keys()) {
      if (stream.writableEnded) continue;
      if (!String(stream.sentHeaders?.['content-type']).startsWith('text/event-stream')) continue;
      // The application may go on writing, which is an error event on a stream that has ended.
      stream.on('error', () => {});
      stream.end();
    }
  }

  function cut(entry: Session): CutConnection[] {
    const { session, socket } = entry;
    const requests = [...streams.values()].filter((stream) => stream.entry === entry);
    const rest: CutConnection = {
      kind: 'http2',
      requests: 0,
      name: peerName(socket),
      // Its streams are closed, but not all that they wrote is with the kernel.
      lost: session.destroyed && !socket.writableFinished,
    };
    session.destroy();
    // The session alone would wait for the client. A turn later it has told the client which streams are cut.
    setImmediate(() => socket.destroy());
    if (requests.length === 0) return [rest];
    return requests.map((stream) => ({ kind: 'request', name: describe(stream), requests: 1, lost: true }));
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
        .map(describe),
    announce: () => {},
    drain: ({ keepAliveGrace, left }: DrainLimits) => {
      if (grace !== undefined) return;
      grace = keepAliveGrace;
      totals.inFlight = streams.size;
      streamTimer = setTimeout(() => {
        endEventStreams();
        streamTimer = setInterval(endEventStreams, SWEEP).unref();
      }, left() / 2).unref();
      for (const entry of sessions.entries.values()) begin(entry);
    },
    whenEmpty: sessions.whenEmpty,
    cut: () => [...sessions.entries.values()].flatMap(cut),
    totals: () => totals,
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

function describe({ headers, since }: OpenStream): string {
  return `${headers[':method']} ${headers[':path']}, ${((now() - since) / 1_000).toFixed(1)} s`;
}
