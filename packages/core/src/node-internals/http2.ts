import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { hidden } from './http.ts';

/** `STREAM_FLAGS_HAS_TRAILERS` of lib/internal/http2/core.js: the same on every line. */
const HAS_TRAILERS = 0x20;

interface State {
  readonly flags?: number;
  readonly streams?: ReadonlyMap<number, ServerHttp2Stream>;
}

/**
 * The stream under a session as `connection` gave it. `session.socket` hides it, and is gone when the session is. Node
 * puts a wrapper around a stream that is no socket.
 */
export function underSession(session: ServerHttp2Session): Duplex | undefined {
  const socket = hidden<Duplex & { readonly stream?: Duplex }>(session, 'socket');
  return socket?.stream ?? socket;
}

/** Sessions of a server, those included that began before anything could see them. None before Node 24. */
export function openSessions(server: Server): readonly ServerHttp2Session[] {
  return [...(hidden<Iterable<ServerHttp2Session>>(server, 'sessions') ?? [])];
}

export function openStreams(session: ServerHttp2Session): readonly ServerHttp2Stream[] {
  return [...(hidden<State>(session, 'state')?.streams?.values() ?? [])];
}

/** Whether a stream emits `wantTrailers` when its body has ended. True where Node does not show it. */
export function hasTrailers(stream: ServerHttp2Stream): boolean {
  const flags = hidden<State>(stream, 'state')?.flags;
  return flags === undefined || (flags & HAS_TRAILERS) !== 0;
}
