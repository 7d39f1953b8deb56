import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { now, type Attempt, type Ending } from '../measure/attempt.ts';
import type { Outcome } from '../measure/outcome.ts';
import type { Target } from '../network/target.ts';
import { createResponseReader } from './response-reader.ts';

/** A connection that carries HTTP/1 requests. Opened when it is created. */
export interface Connection {
  /** Unique among the connections of a load. */
  readonly number: number;
  /**
   * Writes the request, as soon as the connection is there; further ones are pipelined. `ended` is called once, never
   * from within.
   */
  request(attempt: Attempt, bytes: Buffer, ended: (ending: Ending) => void): void;
  /** Writes more of the last request. */
  write(bytes: Buffer): void;
  /** Gives its requests up. */
  expire(): void;
  /** Whether another request may be written. */
  readonly reusable: boolean;
  close(): void;
}

/** What happens to a connection while no request is on it. None of it costs a client anything. */
export interface IdleEvents {
  /** The server closed it with a FIN. */
  closed(): void;
  reset(): void;
  /** Bytes that nobody asked for. The connection is closed. */
  unsolicited(): void;
}

export interface ConnectionOptions {
  readonly number: number;
  readonly target: Target;
  readonly idle: IdleEvents;
  /** Milliseconds from the TCP connection to the first byte of the TLS handshake. */
  readonly handshakeDelay?: number | undefined;
}

interface Pending {
  readonly attempt: Attempt;
  readonly ended: (ending: Ending) => void;
}

/** What an error in connect means. Any other one (no ports or descriptors left) is a failure on this side. */
export const connectOutcomes: Readonly<Record<string, Outcome>> = {
  ECONNREFUSED: 'refused',
  // A Unix socket whose path is gone.
  ENOENT: 'refused',
  ECONNRESET: 'reset-before-accept',
  ECONNABORTED: 'reset-before-accept',
  EPIPE: 'reset-before-accept',
  ETIMEDOUT: 'hung',
};

// Reads are handled at once and one at a time, so that all connections can share the buffer.
const received = Buffer.allocUnsafeSlow(65_536);

export function createConnection(options: ConnectionOptions): Connection {
  const { target, idle, number, handshakeDelay = 0 } = options;
  const { host, port, path } = target;
  const reader = createResponseReader();
  const pending: Pending[] = [];
  let unwritten: Buffer[] = [];
  let connected = false;
  let ready = false;
  let flushing = false;
  let closed = false;

  // A TLS connection reads by itself.
  const onread = target.tls
    ? undefined
    : {
        buffer: received,
        callback: (length: number): boolean => {
          onBytes(received, length);
          return true;
        },
      };
  const address = path === undefined ? { host, port } : { path };
  // Half open, so that it can be asked after its end.
  const tcp = connectTcp({ ...address, allowHalfOpen: true, ...(onread && { onread }) });
  let socket = tcp;
  tcp.on('connect', onConnect);
  tcp.on('end', onEnd);
  tcp.on('error', onError);

  function onConnect(): void {
    connected = true;
    for (const { attempt } of pending) attempt.connectedAt = now();
    if (!target.tls) onReady();
    else if (handshakeDelay > 0) setTimeout(startTls, handshakeDelay);
    else startTls();
  }

  function startTls(): void {
    if (closed) return;
    socket = connectTls({ socket: tcp, rejectUnauthorized: false, servername: 'localhost' });
    // From here on the TLS socket tells of the end.
    tcp.off('end', onEnd);
    socket.on('secureConnect', onReady);
    socket.on('data', (bytes: Buffer) => onBytes(bytes, bytes.length));
    socket.on('end', onEnd);
    socket.on('error', onError);
  }

  function onReady(): void {
    ready = true;
    flush();
  }

  function flush(): void {
    flushing = false;
    if (closed || unwritten.length === 0) return;
    socket.write(unwritten.length === 1 && unwritten[0] ? unwritten[0] : Buffer.concat(unwritten));
    unwritten = [];
  }

  /** Everything written in one go leaves in one piece. */
  function write(bytes: Buffer): void {
    unwritten.push(bytes);
    if (!ready || flushing) return;
    flushing = true;
    process.nextTick(flush);
  }

  function close(): void {
    if (closed) return;
    closed = true;
    socket.destroy();
    tcp.destroy();
  }

  function report(outcome: Outcome | undefined, code?: string): void {
    pending.shift()?.ended({ outcome, endedAt: now(), code });
  }

  /** The connection is of no more use: the first request ended like this, and those behind it like that. */
  function fail(outcome: Outcome | undefined, code?: string, others = outcome): void {
    close();
    report(outcome, code);
    while (pending.length > 0) report(others, code);
  }

  function answer(): void {
    const { status, keepAlive } = reader;
    if (pending.length === 1 && !keepAlive) close();
    reader.reset();
    report(status >= 500 ? 'unavailable' : 'answered', status >= 500 ? String(status) : undefined);
  }

  function onBytes(bytes: Buffer, length: number): void {
    for (let at = 0; at < length && !closed;) {
      const [first] = pending;
      if (!first) {
        idle.unsolicited();
        close();
        return;
      }
      first.attempt.firstByteAt ??= now();
      at = reader.read(bytes, at, length);
      if (reader.malformed) {
        // Where nobody listens on a port of the ephemeral range, Linux may connect a client to itself.
        if (port !== 0 && socket.localPort === port) fail('refused', 'connected to itself');
        else fail('cut', 'malformed', 'empty');
      } else if (reader.complete) {
        answer();
      }
    }
  }

  /**
   * Where a reset comes right behind bytes, libuv tells of an end instead: POLLHUP and a partial read
   * (`uv__stream_io`; not in Node 24 and later). A write of nothing tells them apart, and sends nothing. EPIPE means
   * that the FIN came first: the peer of a Unix socket has closed it, or a RST came behind the FIN.
   */
  function onEnd(): void {
    if (closed) return;
    tcp.write('', (error?: NodeJS.ErrnoException | null) =>
      error?.code === 'ECONNRESET' ? onError(error) : onFin(),
    );
  }

  function onFin(): void {
    if (closed) return;
    const [first] = pending;
    if (!first) {
      idle.closed();
      close();
      return;
    }
    reader.end();
    if (reader.complete) answer();
    if (pending.length > 0)
      fail(pending[0]?.attempt.firstByteAt === undefined ? 'empty' : 'cut', undefined, 'empty');
    else close();
  }

  function onError(error: NodeJS.ErrnoException): void {
    if (closed) return;
    const { code = 'unknown' } = error;
    const [first] = pending;
    if (!first) {
      idle.reset();
      close();
    } else if (!connected) {
      fail(connectOutcomes[code], code);
    } else if (!ready) {
      // What Node makes of a FIN in the middle of a TLS handshake comes from no system call.
      if (code === 'ECONNRESET' && error.syscall === undefined) fail('empty', 'TLS handshake');
      else fail(code === 'ECONNRESET' || code === 'EPIPE' ? 'reset' : 'cut', code);
    } else {
      fail(first.attempt.firstByteAt === undefined ? 'reset' : 'cut', code, 'reset');
    }
  }

  return {
    number,
    request(attempt, bytes, ended) {
      pending.push({ attempt, ended });
      write(bytes);
    },
    write,
    expire() {
      if (pending.length > 0) fail('hung');
    },
    get reusable() {
      return !closed;
    },
    close,
  };
}
