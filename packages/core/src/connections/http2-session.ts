import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { requestName, withAge } from './names.ts';

export interface Session {
  readonly session: ServerHttp2Session;
  /** `session.socket` hides it, and is gone when the session is. */
  readonly socket: Socket;
  readonly since: number;
  /** Whether it never had a stream. */
  silent: boolean;
  /** Streams that are not closed. */
  open: number;
  /** Whether a PING is on its way that ends it if it is still quiet then. */
  asked: boolean;
  timer: NodeJS.Timeout | undefined;
  ending: 'answered' | 'idle' | undefined;
}

export interface OpenStream {
  readonly entry: Session;
  readonly headers: IncomingHttpHeaders;
  readonly since: number;
}

/** What another tracker of the same server takes over: Node lists no sessions. */
export interface OpenSession {
  readonly session: ServerHttp2Session;
  readonly socket: Socket;
  readonly since: number;
  readonly streams: readonly Omit<OpenStream & { readonly stream: ServerHttp2Stream }, 'entry'>[];
}

/** Event streams are endless by design, and their clients reconnect: ending one loses nothing. */
export function endEventStreams(streams: Iterable<ServerHttp2Stream>): void {
  for (const stream of streams) {
    if (stream.writableEnded) continue;
    if (!String(stream.sentHeaders?.['content-type']).startsWith('text/event-stream')) continue;
    // The application may go on writing, which is an error event on a stream that has ended.
    stream.on('error', () => {});
    stream.end();
  }
}

/** As in the report: method, path and age. */
export function describeStream({ headers, since }: OpenStream): string {
  return withAge(requestName(headers[':method'], headers[':path']), since);
}
