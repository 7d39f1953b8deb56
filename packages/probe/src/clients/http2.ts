import { connect, constants, type ClientHttp2Session, type OutgoingHttpHeaders } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { now, type Ending } from '../measure/attempt.ts';
import type { Outcome } from '../measure/outcome.ts';
import { formatAuthority, type Target } from '../network/target.ts';
import { RETRY_DELAY_MS, type ClientContext, type ClientKind } from './client.ts';
import { connectOutcomes } from './connection.ts';
import { headersByName, type RequestContext } from './request.ts';
import { isErrorStatus } from './status.ts';

/** Streams opened at a time. */
const STREAMS_AT_A_TIME = 3;

/** Client that opens several streams at a time on one session, and the next ones when all have ended. */
export const http2: ClientKind = {
  kind: 'http2',
  clients: (settings) => settings.http2,
  start: startHttp2,
};

/** A session, and what is known of its end. */
interface Session {
  readonly session: ClientHttp2Session;
  readonly number: number;
  connectedAt: number | undefined;
  /** Last stream of the GOAWAY: the server did not process those above it (RFC 9113, 6.8). */
  lastStream: number;
  failure: NodeJS.ErrnoException | undefined;
}

/** Headers of a request. A `host` takes the place of `:authority`. */
export function http2Headers({ settings }: RequestContext, path: string): OutgoingHttpHeaders {
  const { host, ...others } = headersByName(settings.headers);
  return { ':path': path, ...(host === undefined ? {} : { ':authority': host }), ...others };
}

/** HTTP/2 with prior knowledge, or by ALPN over TLS. */
export function openSession(target: Target, onSocketError: (error: Error) => void): ClientHttp2Session {
  const { host, port, path } = target;
  const address = path === undefined ? { host, port } : { path };
  const socket = target.tls
    ? connectTls({ ...address, rejectUnauthorized: false, servername: 'localhost', ALPNProtocols: ['h2'] })
    : connectTcp(address);
  // The socket reports an error first: a session tells its streams before it emits `error` itself.
  socket.on('error', onSocketError);
  return connect(`${target.tls ? 'https' : 'http'}://${formatAuthority(target)}`, {
    createConnection: () => socket,
  });
}

function startHttp2(context: ClientContext): void {
  const think = (): number => context.random() * context.settings.thinkTime;
  let current: Session | undefined;

  function open(): Session {
    const session = openSession(context.target, (error) => (opened.failure ??= error));
    const opened: Session = {
      session,
      number: context.nextConnection(),
      connectedAt: undefined,
      lastStream: Infinity,
      failure: undefined,
    };
    session.on('connect', () => (opened.connectedAt = now()));
    session.on('goaway', (_code, lastStream) => {
      opened.lastStream = Math.min(opened.lastStream, lastStream);
    });
    session.on('error', (error: NodeJS.ErrnoException) => (opened.failure ??= error));
    return opened;
  }

  function next(): void {
    if (context.stopped) {
      current?.session.close();
      context.ended();
      return;
    }
    const usable = current && !current.session.closed && !current.session.destroyed;
    const used = usable && current ? current : (current = open());
    let left = STREAMS_AT_A_TIME;
    let failed = false;
    for (let number = 0; number < STREAMS_AT_A_TIME; number += 1) {
      startStream(used, !usable && number === 0, ({ outcome }) => {
        left -= 1;
        failed ||= outcome !== 'answered';
        if (left === 0) context.pause(failed ? RETRY_DELAY_MS : think(), next);
      });
    }
  }

  function startStream(used: Session, opened: boolean, onEnded: (ending: Ending) => void): void {
    const end = (outcome: Outcome | undefined, code?: string): void => {
      const ending = { outcome, endedAt: now(), code };
      if (opened) attempt.connectedAt = used.connectedAt;
      if (context.end(attempt, ending)) onEnded(ending);
    };
    const attempt = context.begin({
      connection: used.number,
      opened,
      expire: () => {
        end('hung');
        used.session.destroy();
      },
    });
    const stream = used.session.request(http2Headers(context, context.settings.path));
    let status = 0;
    stream.on('response', (headers) => {
      attempt.firstByteAt = now();
      status = Number(headers[':status']);
    });
    stream.on('error', () => {});
    stream.resume();
    const settle = (): void => {
      const complete =
        stream.readableEnded && !stream.aborted && stream.rstCode === constants.NGHTTP2_NO_ERROR;
      if (complete && isErrorStatus(status, context.settings)) end('unavailable', String(status));
      else if (complete && status > 0) end('answered');
      else end(...describe(used, stream.id ?? Infinity, stream.rstCode, attempt.firstByteAt !== undefined));
    };
    // The session is destroyed a turn after its streams, and says why.
    stream.on('close', () => setImmediate(settle));
  }

  context.pause(think(), next);
}

/** Outcome of a stream without a complete answer. A request that was not processed may be sent again elsewhere. */
function describe(used: Session, id: number, rstCode: number, begun: boolean): [Outcome | undefined, string] {
  const { code = 'FIN' } = used.failure ?? {};
  if (used.connectedAt === undefined) return [connectOutcomes[code] ?? 'empty', code];
  if (rstCode === constants.NGHTTP2_REFUSED_STREAM) return ['refused', 'REFUSED_STREAM'];
  if (id > used.lastStream) return ['refused', 'GOAWAY'];
  if (!used.session.destroyed && rstCode !== constants.NGHTTP2_NO_ERROR) {
    return [begun ? 'cut' : 'reset', `RST_STREAM ${rstCode}`];
  }
  if (begun) return ['cut', code];
  return [code === 'ECONNRESET' || code === 'EPIPE' ? 'reset' : 'empty', code];
}
