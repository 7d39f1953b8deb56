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
  /** For clients with a protocol of their own: an attempt that is in flight until it is given to `end`. */
  begin(options: BeginOptions): Attempt;
  /** Counts the attempt. False if it has ended before. */
  end(attempt: Attempt, ending: Ending): boolean;
  /** For clients with connections of their own. */
  nextConnection(): number;
  /** Calls back right before the signal, or when the load is stopped without one. */
  beforeSignal(callback: () => void): void;
  /** Calls back after some milliseconds, or as soon as the load is stopped. */
  later(delay: number, callback: () => void): void;
  /**
   * As `later`, for a client that keeps its connection meanwhile: calls back when what has come was read. `late` where
   * this process kept the client waiting for so long that it should not count on its connection any more.
   */
  pause(delay: number, callback: (late: boolean) => void): void;
  ended(): void;
}

export interface AttemptRequest {
  readonly bytes: Buffer;
  /** Whether the connection was opened for it. */
  readonly opened: boolean;
}

export interface BeginOptions {
  readonly connection: number;
  readonly opened: boolean;
  /** Called when it took too long: ends the attempt as `hung`. */
  readonly expire: () => void;
}

export type OnEnded = (ending: Ending, attempt: Attempt) => void;

/** Milliseconds that a client waits before it tries again after anything but an answer. */
export const RETRY_DELAY = 50;
