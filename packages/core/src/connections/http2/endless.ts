import type { ServerHttp2Stream } from 'node:http2';
import { clearTimeout, setTimeout } from '../../clock.ts';
import type { DrainLimits } from '../../drain/limits.ts';
import { hasTrailers } from '../../node-internals/http2.ts';
import type { OpenStream } from './session.ts';

/** Longest time between two looks in the second half of a drain, in milliseconds. */
const LOOK_MS = 100;

/** How long before the deadline gRPC calls are ended, in milliseconds: the status must still be written and read. */
const GRPC_MARGIN_MS = 500;

/** RFC 9113, section 7. */
export const NO_ERROR = 0x0;

/** UNAVAILABLE: the client may try again elsewhere (https://grpc.io/docs/guides/status-codes/). */
const UNAVAILABLE = { 'grpc-status': '14', 'grpc-message': 'the server is going away' };

type Streams = () => Iterable<readonly [ServerHttp2Stream, OpenStream]>;

/**
 * Ends streams that have no end of their own, until the returned function is called. Event streams in the second half
 * of the drain: their clients reconnect. WebSockets (RFC 8441) that the application has ended, and whose clients
 * keep their half open, at the same time. gRPC calls just before the deadline, as UNAVAILABLE, since a
 * subscription looks like a long answer; cut, they would be CANCELLED, which clients take for a wish of their own.
 *
 * @param unanswered - called for each call that gets nothing but its status
 */
export function endEndless(
  limits: DrainLimits,
  streams: Streams,
  unanswered: (stream: ServerHttp2Stream, open: OpenStream) => void,
): () => void {
  const half = limits.left() / 2;

  function look(): void {
    const late = limits.left() <= Math.min(GRPC_MARGIN_MS, half / 2);
    for (const [stream, open] of streams()) {
      if (stream.writableFinished && open.headers[':protocol'] !== undefined) stream.close(NO_ERROR);
      if (stream.writableEnded || stream.destroyed) continue;
      if (isEventStream(stream)) end(stream);
      else if (late && isType(open.headers['content-type'], 'application/grpc')) {
        if (!stream.headersSent) unanswered(stream, open);
        endCall(stream);
      }
    }
    timer = setTimeout(look, Math.min(LOOK_MS, half / 8)).unref();
  }

  let timer = setTimeout(look, half).unref();
  return () => clearTimeout(timer);
}

/** Ends a call. What the application still writes to it is dropped: Node would throw in its timers and callbacks. */
function endCall(stream: ServerHttp2Stream): void {
  if (!stream.headersSent) {
    stream.on('error', () => {});
    const headers = { ':status': 200, 'content-type': 'application/grpc', ...UNAVAILABLE };
    stream.respond(headers, { endStream: true });
    stream.respond = () => {};
    return;
  }
  // Without trailers the status cannot be said.
  if (!hasTrailers(stream)) return;
  const sendTrailers = stream.sendTrailers.bind(stream);
  stream.sendTrailers = () => {};
  stream.prependOnceListener('wantTrailers', () => sendTrailers(UNAVAILABLE));
  end(stream);
}

function end(stream: ServerHttp2Stream): void {
  // The application may go on writing, which is an error event on a stream that has ended.
  stream.on('error', () => {});
  stream.end();
}

export function isEventStream(stream: ServerHttp2Stream): boolean {
  return isType(stream.sentHeaders?.['content-type'], 'text/event-stream');
}

function isType(header: unknown, type: string): boolean {
  return typeof header === 'string' && header.toLowerCase().startsWith(type);
}
