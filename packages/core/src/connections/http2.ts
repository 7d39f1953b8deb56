import type {
  Http2SecureServer,
  Http2Server,
  IncomingHttpHeaders,
  ServerHttp2Session,
  ServerHttp2Stream,
} from 'node:http2';
import type { Server } from 'node:net';
import { now } from '../clock.ts';
import type { Connections, CutConnection } from './connections.ts';
import { createOpenSet } from './open-set.ts';

/** Longest wait for the answer to a PING, in milliseconds. */
const PING = 1_000;

/** "No stream was refused": the last id there can be (RFC 9113, section 6.8). */
const LAST_STREAM = 2 ** 31 - 1;

interface Session {
  readonly session: ServerHttp2Session;
  readonly streams: Map<ServerHttp2Stream, { readonly name: string; readonly since: number }>;
  ending: 'answered' | 'idle' | undefined;
}

/** Node exports no class to ask with `instanceof`; both kinds have this method since they exist. */
export function isHttp2Server(server: Server): server is Http2Server | Http2SecureServer {
  return typeof (server as Partial<Http2Server>).updateSettings === 'function';
}

/**
 * Tracks and drains HTTP/2 sessions: a GOAWAY that refuses nothing, a PING, and on its answer the GOAWAY that ends.
 * What the client sent before it heard of the first is processed; what it sends after the second is refused with
 * REFUSED_STREAM, and may be retried (RFC 9113, section 8.7).
 */
export function trackHttp2(server: Http2Server | Http2SecureServer): Connections {
  let draining = false;
  let streamTimer: NodeJS.Timeout | undefined;
  const totals = { inFlight: 0, served: 0, answered: 0, idle: 0, gone: 0 };

  const sessions = createOpenSet<ServerHttp2Session, Session>((entry) => {
    if (draining) totals[entry.ending ?? 'gone'] += 1;
  });

  function onSession(session: ServerHttp2Session): void {
    const entry: Session = { session, streams: new Map(), ending: undefined };
    sessions.add(session, entry);
    session.on('stream', onStream);
    if (draining) end(entry);
  }

  function onStream(this: ServerHttp2Session, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const entry = sessions.entries.get(this);
    if (entry === undefined) return;
    entry.streams.set(stream, { name: `${headers[':method']} ${headers[':path']}`, since: now() });
    stream.once('close', () => {
      entry.streams.delete(stream);
      if (draining && stream.rstCode === 0) totals.served += 1;
    });
  }

  function end(entry: Session): void {
    const { session, streams } = entry;
    if (session.destroyed || session.closed) return;
    entry.ending = streams.size > 0 ? 'answered' : 'idle';
    const close = (): void => {
      clearTimeout(timer);
      if (!session.destroyed) session.close();
    };
    const timer = setTimeout(close, PING);
    session.goaway(0, LAST_STREAM);
    if (!session.ping(close)) close();
  }

  function endEventStreams(): void {
    for (const stream of openStreams().keys()) {
      if (!String(stream.sentHeaders?.['content-type']).startsWith('text/event-stream')) continue;
      stream.on('error', () => {});
      stream.end();
    }
  }

  const openStreams = (): Session['streams'] =>
    new Map([...sessions.entries.values()].flatMap(({ streams }) => [...streams]));

  const describe = ({ name, since }: { readonly name: string; readonly since: number }): string =>
    `${name}, ${((now() - since) / 1_000).toFixed(1)} s`;

  function cut({ session, streams }: Session): CutConnection[] {
    const cuts = [...streams.values()].map((stream): CutConnection => {
      return { kind: 'request', name: describe(stream), lost: true };
    });
    const name = session.socket.remoteAddress ?? 'a client';
    session.destroy();
    return cuts.length > 0 ? cuts : [{ kind: 'http2', name, lost: false }];
  }

  server.on('session', onSession);

  return {
    counts: () => {
      const entries = [...sessions.entries.values()];
      const busy = entries.filter(({ streams }) => streams.size > 0).length;
      return { open: entries.length, inFlight: openStreams().size, idle: entries.length - busy };
    },
    waiting: (limit) =>
      [...openStreams().values()]
        .toSorted((a, b) => a.since - b.since)
        .slice(0, limit)
        .map(describe),
    announce: () => {},
    drain: ({ left }) => {
      if (draining) return;
      draining = true;
      totals.inFlight = openStreams().size;
      streamTimer = setTimeout(endEventStreams, left() / 2);
      for (const entry of sessions.entries.values()) end(entry);
    },
    whenEmpty: sessions.whenEmpty,
    cut: () => [...sessions.entries.values()].flatMap(cut),
    totals: () => totals,
    release: () => {
      clearTimeout(streamTimer);
      server.off('session', onSession);
      for (const session of sessions.entries.keys()) session.off('stream', onStream);
      sessions.clear();
    },
  };
}
