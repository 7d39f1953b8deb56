import type { Attempt, Ending, Kind } from '../attempt.ts';
import type { Connection } from '../connection.ts';
import type { LoadSettings } from '../load-options.ts';

/** One kind of load. `clients/all.ts` lists them. */
export interface ClientKind {
  readonly kind: Kind;
  /** How many clients there are of it. */
  readonly clients: (settings: LoadSettings) => number;
  readonly path: (settings: LoadSettings) => string;
  /** Whether a connection serves one request only. */
  readonly once: boolean;
  /** Starts one client: a loop that goes on until the load is stopped. */
  readonly start: (context: ClientContext) => void;
}

/** What a client works with. */
export interface ClientContext {
  readonly settings: LoadSettings;
  /** A number from 0 up to 1, from a generator of this client's own. */
  readonly random: () => number;
  /** True when no further attempt may begin: the client closes what it holds and calls `ended`. */
  readonly stopped: boolean;
  connect(): Connection;
  /** Makes one attempt on a connection and counts it. `ended` is called once, never from within. */
  attempt(connection: Connection, opened: boolean, ended: (ending: Ending, attempt: Attempt) => void): void;
  /** Calls back after some milliseconds, or as soon as the load is stopped. */
  later(delay: number, callback: () => void): void;
  ended(): void;
}

/** Milliseconds that a client waits before it tries again after anything but an answer. */
export const RETRY_DELAY = 50;
