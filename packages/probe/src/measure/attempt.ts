import type { LostOutcome, Outcome } from './outcome.ts';

/** The kinds of clients there are. */
export type Kind =
  | 'newConnection'
  | 'keepAlive'
  | 'slow'
  | 'pipelined'
  | 'slowUpload'
  | 'halfHead'
  | 'silent'
  | 'eventStream'
  | 'webSocket'
  | 'http2'
  | 'tls'
  | 'door'
  | 'arrivals';

/** One request, and the connection opened for it, if there was none. Times are milliseconds since 1970. */
export interface Attempt {
  readonly kind: Kind;
  /** Number of its connection. */
  readonly connection: number;
  readonly startedAt: number;
  /** Whether a connection was opened for this attempt, rather than one used again. */
  readonly opened: boolean;
  connectedAt: number | undefined;
  firstByteAt: number | undefined;
}

/** How an attempt ended; `undefined` if the attempt failed on this side and says nothing about the server. */
export interface Ending {
  readonly outcome: Outcome | undefined;
  readonly endedAt: number;
  /** Error code of the socket, a status code, or a word for what was wrong. */
  readonly code: string | undefined;
}

/** What became of one attempt. Times are milliseconds after the signal, negative before it. */
export interface AttemptRecord {
  readonly kind: Kind;
  readonly connection: number;
  readonly outcome: Outcome;
  readonly code: string | null;
  /** Whether the connection was opened for this attempt. */
  readonly opened: boolean;
  readonly started: number;
  /** Null on a connection used again, or if the connection was never made. */
  readonly connected: number | null;
  readonly firstByte: number | null;
  readonly ended: number;
}

/** An attempt that cost the client its request. */
export interface LostAttempt extends AttemptRecord {
  readonly outcome: LostOutcome;
}

/** Milliseconds since 1970, with fractions, never going back. */
export const now = (): number => performance.timeOrigin + performance.now();
