import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { requestName, withAge } from '../names.ts';

/** An HTTP/2 connection. */
export interface Session {
  readonly session: ServerHttp2Session;
  /** The stream under the session, of any kind. */
  readonly socket: Socket;
  readonly since: number;
  /** Streams that are not closed. A map for each session: at the deadline hundreds of sessions are cut in one turn. */
  readonly streams: Map<ServerHttp2Stream, OpenStream>;
  /** Whether it never had a stream. */
  silent: boolean;
  /** Whether a PING is on its way whose answer ends the session if that has no stream then. */
  asked: boolean;
  timer: NodeJS.Timeout | undefined;
  ending: 'answered' | 'idle' | undefined;
}

export interface OpenStream {
  readonly headers: IncomingHttpHeaders;
  readonly since: number;
}

/** What another tracker of the same server takes over: Node lists no sessions before 24. */
export interface OpenSession {
  readonly session: ServerHttp2Session;
  readonly socket: Socket;
  readonly since: number;
  readonly streams: readonly (OpenStream & { readonly stream: ServerHttp2Stream })[];
}

export function createSession(session: ServerHttp2Session, socket: Socket, since: number): Session {
  return {
    session,
    socket,
    since,
    streams: new Map(),
    silent: true,
    asked: false,
    timer: undefined,
    ending: undefined,
  };
}

/** `GET /export, 4.2 s`. */
export function streamName({ headers, since }: OpenStream): string {
  return withAge(requestName(headers[':method'], headers[':path']), since);
}
