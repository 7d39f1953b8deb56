import { connect } from 'node:net';
import { now, type Attempt, type Ending } from './attempt.ts';
import type { Outcome } from './outcome.ts';
import { createResponseReader } from './response-reader.ts';

/** Where the load goes: an address of this machine. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/** A TCP connection that carries one request at a time. Opened when it is created. */
export interface Connection {
  /** Writes the request, as soon as the connection is there; `ended` is called once, never from within. */
  request(attempt: Attempt, bytes: Buffer, ended: (ending: Ending) => void): void;
  /** Gives the request up. */
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

/** What an error in connect means. Any other one (no ports or descriptors left) is a failure on this side. */
const connectOutcomes: Readonly<Record<string, Outcome>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset-before-accept',
  ECONNABORTED: 'reset-before-accept',
  EPIPE: 'reset-before-accept',
  ETIMEDOUT: 'hung',
};

// Reads are handled at once and one at a time, so that all connections can share the buffer.
const received = Buffer.allocUnsafeSlow(65_536);

export function createConnection(target: Target, idle: IdleEvents): Connection {
  const reader = createResponseReader();
  let connected = false;
  let closed = false;
  let attempt: Attempt | undefined;
  let request: Buffer | undefined;
  let ended: ((ending: Ending) => void) | undefined;

  const socket = connect({
    host: target.host,
    port: target.port,
    onread: {
      buffer: received,
      callback: (length) => {
        onBytes(length);
        return true;
      },
    },
  });
  socket.on('connect', onConnect);
  socket.on('end', onEnd);
  socket.on('error', onError);

  function close(): void {
    if (closed) return;
    closed = true;
    socket.destroy();
  }

  function finish(outcome: Outcome | undefined, code?: string): void {
    const report = ended;
    attempt = ended = undefined;
    if (!reader.complete || !reader.keepAlive) close();
    report?.({ outcome, endedAt: now(), code });
  }

  function onConnect(): void {
    connected = true;
    if (attempt) attempt.connectedAt = now();
    if (request) socket.write(request);
  }

  function onBytes(length: number): void {
    if (closed) return;
    if (!attempt) {
      idle.unsolicited();
      close();
      return;
    }
    attempt.firstByteAt ??= now();
    const end = reader.read(received, 0, length);
    if (reader.malformed) {
      // Where nobody listens on a port of the ephemeral range, Linux may connect a client to itself.
      if (socket.localPort === target.port) finish('refused', 'connected to itself');
      else finish('cut', 'malformed');
    } else if (reader.complete) {
      if (end < length) {
        idle.unsolicited();
        close();
      }
      finish(reader.status >= 500 ? 'unavailable' : 'answered');
    }
  }

  function onEnd(): void {
    if (closed) return;
    if (!attempt) {
      idle.closed();
      close();
      return;
    }
    reader.end();
    if (reader.complete) finish(reader.status >= 500 ? 'unavailable' : 'answered');
    else finish(attempt.firstByteAt === undefined ? 'empty' : 'cut');
  }

  function onError({ code = 'unknown' }: NodeJS.ErrnoException): void {
    if (closed) return;
    if (!attempt) {
      idle.reset();
      close();
    } else if (connected) {
      finish(attempt.firstByteAt === undefined ? 'reset' : 'cut', code);
    } else {
      finish(connectOutcomes[code], code);
    }
  }

  return {
    request(nextAttempt, bytes, onEnded) {
      reader.reset();
      attempt = nextAttempt;
      ended = onEnded;
      request = bytes;
      if (connected) socket.write(bytes);
    },
    expire() {
      if (attempt) finish('hung');
    },
    get reusable() {
      return !closed;
    },
    close,
  };
}
