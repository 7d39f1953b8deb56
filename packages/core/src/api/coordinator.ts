import type { Server, Socket } from 'node:net';
import type { Hook, HookOptions } from './hooks.ts';
import type { OnEvent } from './events.ts';
import type { ShutdownReport, State, ConnectionCounts } from './report.ts';

/** What a coordinator has open now. */
export interface CoordinatorStats extends ConnectionCounts {
  readonly state: State;
  readonly ready: boolean;
  readonly servers: number;
}

export interface ShutdownOptions {
  /**
   * Milliseconds for everything, from this call on: what is in flight when they are over is cut. 0 cuts at once.
   * @defaultValue the `timeout` of the coordinator
   */
  readonly timeout?: number | undefined;
}

/** Stops a process without losing a request. Made by `createCoordinator`. */
export interface ShutdownCoordinator extends AsyncDisposable {
  /**
   * Takes a server into care: any `net.Server`, `http.Server`, `https.Server`, before or after it listens, a closed
   * one too (it may listen again). Attaching it twice gives the same detach function. A server attached, or
   * listening, after the listeners began to close is closed at once. Connections from before are taken over, except
   * those of a `tls.Server`; HTTP/2 sessions since Node 24.
   *
   * @returns a function that lets go of the server again
   * @throws ERR_GRACEFUL_INVALID_ARGUMENT if it is not a server
   * @throws ERR_GRACEFUL_SERVER_OWNED if another coordinator has it
   */
  readonly attach: (server: Server) => () => void;
  /**
   * Begins the shutdown, or joins the one that has begun. It never exits the process, and never rejects.
   *
   * @param reason - for the report; `'shutdown()'` unless given
   * @param options - of a second call: its `timeout` counts if it ends earlier than the first would
   * @throws ERR_GRACEFUL_INVALID_ARGUMENT if an option is wrong
   */
  readonly shutdown: (reason?: string, options?: ShutdownOptions) => Promise<ShutdownReport>;
  /**
   * Adds work for after the last connection, such as closing a database pool. Last added runs first.
   *
   * @returns a function that takes it off again
   * @throws ERR_GRACEFUL_INVALID_ARGUMENT, ERR_GRACEFUL_HOOK_EXISTS, ERR_GRACEFUL_HOOK_CYCLE
   * @throws ERR_GRACEFUL_TOO_LATE once hooks are running
   */
  readonly onShutdown: (name: string, hook: Hook, options?: HookOptions) => () => void;
  /**
   * Adds work for before the listeners close, while traffic is served. All of it together may take half of the time
   * until connections are cut.
   *
   * @throws as `onShutdown`, and ERR_GRACEFUL_TOO_LATE once a shutdown began
   */
  readonly beforeShutdown: (name: string, hook: Hook, options?: HookOptions) => () => void;
  /**
   * Keeps the drain open for work that is not a connection, such as a background job, until its promise settles, at
   * most until connections are cut. Returns a promise that settles as the work does: await that one, since a rejection
   * passes through it. Given a name alone, returns the function to call when the work is done.
   *
   * @throws ERR_GRACEFUL_INVALID_ARGUMENT
   */
  readonly track: Track;
  /**
   * Adds a function that ends connections which left HTTP by an upgrade or CONNECT, when the drain begins. It returns
   * true for one that it takes care of. WebSockets of the `ws` library need none: they get Close 1001.
   *
   * @returns a function that takes it off again
   * @throws ERR_GRACEFUL_INVALID_ARGUMENT
   */
  readonly onUpgrade: (end: EndUpgraded) => () => void;
  readonly state: State;
  /** False once a shutdown began, or the primary announced one, and while `setReady(false)` holds. */
  readonly ready: boolean;
  /**
   * After false, readiness answers 503 until true is set.
   *
   * @throws ERR_GRACEFUL_INVALID_ARGUMENT
   */
  readonly setReady: (ready: boolean) => void;
  /** Aborts when the listeners are off the network, for endless streams and background loops. */
  readonly signal: AbortSignal;
  /** What is open now, workers included. */
  readonly stats: () => CoordinatorStats;
  /**
   * Listens to an event; returns a function that stops listening.
   *
   * @throws ERR_GRACEFUL_INVALID_ARGUMENT
   */
  readonly on: OnEvent;
  /** Whether `dispose()` was called: no signal is heard any more, or none after the shutdown that runs. */
  readonly disposed: boolean;
  /**
   * Takes off every listener that was added, signal handlers included; servers go on without care. In the middle of a
   * shutdown it does so at the end of that.
   */
  readonly dispose: () => void;
}

/** Ends an upgraded connection; true if it will. */
export type EndUpgraded = (socket: Socket) => boolean;

export interface Track {
  (name: string): () => void;
  <T>(work: Promise<T>, name?: string): Promise<T>;
}
