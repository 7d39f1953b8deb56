import type { Attempt, Ending, Kind } from '../measure/attempt.ts';
import type { LoadSettings } from './load-options.ts';
import type { Target } from '../network/target.ts';
import type { Connection } from './connection.ts';

/** One kind of client. */
export interface ClientKind {
  readonly kind: Kind;
  /** How many clients there are of it. */
  readonly clients: (settings: LoadSettings) => number;
  /** Starts one client: a loop that goes on until the load is stopped. */
  readonly start: (context: ClientContext) => void;
}

/** What a client works with. */
export interface ClientContext {
  readonly target: Target;
  readonly settings: LoadSettings;
  /** A number from 0 up to 1, from a generator of this client's own. */
  readonly random: () => number;
  /** True when no further attempt may begin: the client closes what it holds and calls `ended`. */
  readonly stopped: boolean;
  connect(handshakeDelay?: number): Connection;
  /** Makes one attempt on a connection and counts it. `onEnded` is called once, never from within. */
  attempt(connection: Connection, request: AttemptRequest, onEnded: OnEnded): void;
  /** Begins an attempt of a client with a protocol of its own: it is in flight until `end`. */
  begin(options: BeginOptions): Attempt;
  /** Counts the attempt. False if the attempt has ended before. */
  end(attempt: Attempt, ending: Ending): boolean;
  /** Number for a connection that the client opens itself. */
  nextConnection(): number;
  /** Calls back right before the signal, or when the load is stopped without one. */
  beforeSignal(callback: () => void): void;
  /** Calls back after some milliseconds, or as soon as the load is stopped. */
  later(delay: number, callback: () => void): void;
  /**
   * As `later`, for a client that keeps its connection meanwhile: calls back when what has arrived was read. `late`
   * where this process kept the client waiting so long that its connection is not to be relied on any more.
   */
  pause(delay: number, callback: (late: boolean) => void): void;
  ended(): void;
}

export interface AttemptRequest {
  readonly bytes: Buffer;
  /** Whether the connection was opened for this request. */
  readonly opened: boolean;
}

export interface BeginOptions {
  readonly connection: number;
  readonly opened: boolean;
  /** Called when the attempt took too long: ends it as `hung`. */
  readonly expire: () => void;
}

export type OnEnded = (ending: Ending, attempt: Attempt) => void;

/** Pause before the next attempt after anything but an answer, so that refusals stay few. */
export const RETRY_DELAY_MS = 50;
