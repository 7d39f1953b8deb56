import type { Socket } from 'node:net';
import { now } from '../clock.ts';

/** The connections of one server. Each kind has a file; the coordinator drains them all through this interface. */
export interface Connections {
  readonly counts: () => ConnectionCounts;
  /** What a drain waits for, by name: `GET /export, 4.2 s`. At most `limit` of them, longest first. */
  readonly waiting: (limit: number) => readonly string[];
  /** From now on every response says `Connection: close`; idle connections stay. */
  readonly announce: () => void;
  /** Ends each connection as its kind asks, those accepted later included. */
  readonly drain: (limits: DrainLimits) => void;
  /** Resolves when none is left. */
  readonly whenEmpty: () => Promise<void>;
  /** Destroys what is left, at the deadline. */
  readonly cut: () => readonly CutConnection[];
  readonly totals: () => ConnectionTotals;
  /** Stops tracking and takes every listener off. */
  readonly release: () => void;
}

/** Milliseconds. */
export interface DrainLimits {
  readonly keepAliveGrace: number;
  readonly handshakeTimeout: number;
  /** Until `cut` is called. */
  readonly left: () => number;
  /** Whether a connection has something to be read. False where nothing tells. */
  readonly unread: (socket: Socket) => boolean;
  /** Sends the FIN of a connection that was ended at once, where it can be done. */
  readonly sendFin: (socket: Socket) => void;
}

/** Before a drain has begun. */
export const NO_LIMITS: DrainLimits = {
  keepAliveGrace: 0,
  handshakeTimeout: 0,
  left: () => 0,
  unread: () => false,
  sendFin: () => {},
};

export interface ConnectionCounts {
  readonly open: number;
  /** Requests whose response has not been handed to the kernel in full. */
  readonly inFlight: number;
  /** Open connections without a request in flight. */
  readonly idle: number;
}

/** How connections ended since the drain began. */
export interface ConnectionTotals {
  /** Requests in flight when the drain began. */
  readonly inFlight: number;
  /** Requests answered since the drain began, those in flight included. */
  readonly served: number;
  /** Ended after a response that said `Connection: close`, or an HTTP/2 session after GOAWAY. */
  readonly answered: number;
  /** Ended while idle: their `keepAliveGrace` was over. */
  readonly idle: number;
  /** Ended by the client, or by the application. */
  readonly gone: number;
}

/** A connection, or a worker with all of its own, destroyed at the deadline. */
export interface CutConnection {
  readonly kind:
    | 'request'
    | 'head'
    | 'idle'
    | 'lingering'
    | 'tls-handshake'
    | 'upgraded'
    | 'http2'
    | 'raw'
    | 'worker'
    | 'work';
  /** `GET /export, 4.2 s` for a request, the peer's address otherwise. */
  readonly name: string;
  /** Requests that got no answer, several where they were pipelined. */
  readonly requests: number;
  /** Whether an answer or an open conversation was lost. */
  readonly lost: boolean;
}

/**
 * How long a connection stays that has not said anything yet: for `keepAliveGrace`, and until it is
 * `handshakeTimeout` + `keepAliveGrace` old. A client whose first packets were lost sends its request again only
 * after 1 to 3 s: it has measured no round trip yet (RFC 6298, sections 2.1 and 5.7).
 *
 * @param since - when it was accepted
 */
export function silentGrace({ keepAliveGrace, handshakeTimeout }: DrainLimits, since: number): number {
  return Math.max(keepAliveGrace, since + handshakeTimeout + keepAliveGrace - now());
}

/** What a server's connections share with the application. */
export interface ConnectionHooks {
  /** Asks the application to end an upgraded connection; true if it will. */
  readonly upgraded: (socket: Socket) => boolean;
}

/** Several kinds of connections of one server, drained as one. */
export function combineConnections(parts: readonly Connections[]): Connections {
  const sum = <Key extends string>(values: readonly Readonly<Record<Key, number>>[], key: Key): number =>
    values.reduce((total, each) => total + each[key], 0);
  return {
    counts: () => {
      const counts = parts.map((part) => part.counts());
      return { open: sum(counts, 'open'), inFlight: sum(counts, 'inFlight'), idle: sum(counts, 'idle') };
    },
    waiting: (limit) => parts.flatMap((part) => part.waiting(limit)).slice(0, limit),
    announce: () => {
      for (const part of parts) part.announce();
    },
    drain: (limits) => {
      for (const part of parts) part.drain(limits);
    },
    whenEmpty: async () => {
      // A connection may move from one kind to another meanwhile, as a TLS handshake does at its end.
      do await Promise.all(parts.map((part) => part.whenEmpty()));
      while (parts.some((part) => part.counts().open > 0));
    },
    cut: () => parts.flatMap((part) => part.cut()),
    totals: () => {
      const totals = parts.map((part) => part.totals());
      return {
        inFlight: sum(totals, 'inFlight'),
        served: sum(totals, 'served'),
        answered: sum(totals, 'answered'),
        idle: sum(totals, 'idle'),
        gone: sum(totals, 'gone'),
      };
    },
    release: () => {
      for (const part of parts) part.release();
    },
  };
}
