import { now, type Attempt, type Ending } from '../measure/attempt.ts';
import type { Outcome } from '../measure/outcome.ts';
import type { Target } from '../network/target.ts';
import { createPending, type Pending } from './pending.ts';
import { createResponseReader } from './response-reader.ts';
import { openSocket } from './socket.ts';

/** A connection that carries HTTP/1 requests. Opened when it is created. */
export interface Connection {
  /** Unique among the connections of a load. */
  readonly number: number;
  /**
   * Writes the request as soon as the connection is made; further ones are pipelined. `ended` is called once, never
   * from within.
   */
  request(attempt: Attempt, bytes: Buffer, ended: (ending: Ending) => void): void;
  /** Writes more of the last request. */
  write(bytes: Buffer): void;
  /** Gives its requests up: they have hung. */
  expire(): void;
  /** Whether another request may be written. */
  readonly reusable: boolean;
  close(): void;
}

/** What happens to a connection while no request is on it. None of it costs a client anything. */
export interface IdleEvents {
  /** The server closed the connection with a FIN. */
  closed(): void;
  reset(): void;
  /** Bytes arrived for which there was no request. The connection is closed. */
  unsolicited(): void;
}

export interface ConnectionOptions {
  readonly number: number;
  readonly target: Target;
  readonly idle: IdleEvents;
  /** Whether a response with this status is no answer. */
  readonly isError: (status: number) => boolean;
  /** Milliseconds from the TCP connection to the first byte of the TLS handshake. */
  readonly handshakeDelay?: number | undefined;
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

export function createConnection(options: ConnectionOptions): Connection {
  const { target, idle, number, isError, handshakeDelay = 0 } = options;
  const reader = createResponseReader();
  const pending = createPending();
  let phase: Phase = 'connecting';
  let closed = false;

  const socket = openSocket(target, handshakeDelay, {
    connected() {
      phase = 'handshake';
      pending.connected();
    },
    ready: () => void (phase = 'ready'),
    bytes: onBytes,
    ended: onFin,
    failed(error) {
      const { first } = pending;
      if (first) fail(...describeError(error, phase, first.firstByteAt !== undefined));
      else closeIdle('reset');
    },
  });

  function close(): void {
    if (closed) return;
    closed = true;
    socket.destroy();
  }

  function closeIdle(event: keyof IdleEvents): void {
    idle[event]();
    close();
  }

  function fail(...ending: Parameters<Pending['endAll']>): void {
    close();
    pending.endAll(...ending);
  }

  function answer(): void {
    const { status, keepAlive } = reader;
    if (pending.count === 1 && !keepAlive) close();
    reader.reset();
    if (isError(status)) pending.endFirst('unavailable', String(status));
    else pending.endFirst('answered');
  }

  function onBytes(bytes: Buffer, length: number): void {
    for (let at = 0; at < length && !closed;) {
      const { first } = pending;
      if (!first) {
        closeIdle('unsolicited');
        return;
      }
      first.firstByteAt ??= now();
      at = reader.read(bytes, at, length);
      if (reader.malformed) {
        // Linux may connect a client to itself on a port of the ephemeral range on which nothing listens.
        if (target.port !== 0 && socket.localPort === target.port) fail('refused', 'connected to itself');
        else fail('cut', 'malformed', 'empty');
      } else if (reader.complete) {
        answer();
      }
    }
  }

  function onFin(): void {
    if (!pending.first) {
      closeIdle('closed');
      return;
    }
    reader.end();
    if (reader.complete) answer();
    if (pending.first) fail(pending.first.firstByteAt === undefined ? 'empty' : 'cut', undefined, 'empty');
    else close();
  }

  return {
    number,
    request(attempt, bytes, ended) {
      pending.add(attempt, ended);
      socket.write(bytes);
    },
    write: (bytes) => socket.write(bytes),
    expire() {
      if (pending.first) fail('hung');
    },
    get reusable() {
      return !closed;
    },
    close,
  };
}

type Phase = 'connecting' | 'handshake' | 'ready';

/** What an error means for the first request, its code, and what it means for the pipelined ones behind it. */
function describeError(
  { code = 'unknown', syscall }: NodeJS.ErrnoException,
  phase: Phase,
  begun: boolean,
): [Outcome | undefined, string, Outcome?] {
  if (phase === 'connecting') return [connectOutcomes[code], code];
  if (phase === 'ready') return [begun ? 'cut' : 'reset', code, 'reset'];
  // Node reports a FIN in the middle of a TLS handshake as an ECONNRESET without a system call.
  if (code === 'ECONNRESET' && syscall === undefined) return ['empty', 'TLS handshake'];
  return [code === 'ECONNRESET' || code === 'EPIPE' ? 'reset' : 'cut', code];
}
