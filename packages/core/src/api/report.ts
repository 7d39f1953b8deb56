/** Where a shutdown stands. States follow each other in this order; `delaying` may be skipped. */
export type State = 'running' | 'delaying' | 'closing' | 'draining' | 'cleanup' | 'stopped';

export interface HookReport {
  readonly name: string;
  readonly outcome: 'done' | 'failed' | 'timed out';
  /** Milliseconds. */
  readonly duration: number;
  /** Stack of what the hook threw. */
  readonly error?: string;
}

/** How a worker of the cluster ended. */
export interface WorkerReport {
  /** `worker.id` of node:cluster. */
  readonly id: number;
  readonly pid: number;
  /**
   * - `drained`: it closed, drained and reported
   * - `left`: it ended without a report, with code 0 or by the signal itself; or while it was still starting
   * - `died`: it crashed, or exited with requests in flight; what it held is lost
   * - `killed`: it had not reported at the deadline
   */
  readonly outcome: 'drained' | 'left' | 'died' | 'killed';
  readonly code: number | null;
  readonly signal: string | null;
  /** Requests that it had when it was last heard of, where it neither reported nor is named in `connections.cut`. */
  readonly lost: number;
  readonly report: ShutdownReport | null;
}

/** How a worker thread with a coordinator of its own ended. */
export interface ThreadReport {
  /** `worker.threadId` of node:worker_threads. */
  readonly thread: number;
  /**
   * - `drained`: it closed, drained and reported
   * - `left`: it ended without a report
   * - `killed`: it had not reported at the deadline
   */
  readonly outcome: 'drained' | 'left' | 'killed';
  readonly report: ShutdownReport | null;
}

/**
 * How a listener was taken off the network before it was closed:
 * - `detach`: bound to an interface that does not exist; new clients are refused at once, none is reset
 * - `filter`: a BPF filter drops new SYNs; no client is reset, a new one is refused at its SYN retry, 1 s later
 * - `backlog`: accept queue shrunk to one place and filled by a connection of our own; only handshakes over a real
 *   network are reset
 * - `unlink`: path of a Unix socket removed first; no client is reset
 * - `shutdown`: an abstract Unix socket shut down for reading; new clients are refused at once, none is reset
 * - `none`: closed after three turns of the event loop without a new connection, or after 250 ms
 */
export type Seal = 'detach' | 'filter' | 'backlog' | 'unlink' | 'shutdown' | 'none';

/** What closing one listener came to. */
export interface ListenerReport {
  readonly address: string;
  readonly seal: Seal;
  /** Why a better method was not used, one sentence each. */
  readonly notes: readonly string[];
  /** Connections in the accept queue when the close began, or null where it cannot be counted. */
  readonly queued: number | null;
  /** Handshakes in progress when the close began, or null where they cannot be counted. */
  readonly handshakes: number | null;
  /**
   * Connections that were still in the queue when it was closed, and so were reset; null where they cannot be counted:
   * then the stop is not clean. 0 where the queue stays with other processes: an
   * inherited socket, or one that a child process or the primary of the cluster holds.
   */
  readonly abandoned: number | null;
  /** Milliseconds that the close took. */
  readonly duration: number;
}

export interface ConnectionCounts {
  readonly open: number;
  /** Requests whose response has not been handed to the kernel in full. */
  readonly inFlight: number;
  /** Open connections without a request in flight. */
  readonly idle: number;
}

/** A connection, a worker or thread with all of its own, or tracked work, not done at the deadline. */
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
  /** `GET /export, 4.2 s`; the name of work, a worker or a thread; else the peer's address. */
  readonly name: string;
  /** Requests that got no answer, several where they were pipelined. */
  readonly requests: number;
  /**
   * Whether an answer or an open conversation was lost. Not so where the client never finished its request head or its
   * TLS handshake: what a client dribbles must not decide how a stop ends.
   */
  readonly lost: boolean;
}

/** What the program, or a library in it, did during a shutdown to end by itself what the shutdown was about to end. */
export interface Interference {
  /** `server.close()`, `process.exit(0)`, `SIGTERM listener` */
  readonly what: string;
  readonly count: number;
  /**
   * - `deferred`: it took effect when the drain was over
   * - `held back`: a signal listener of the program, called when no client could be lost by what it does
   * - `aborted`: it ended the shutdown
   */
  readonly outcome: 'deferred' | 'held back' | 'aborted';
}

/** What a shutdown came to. Plain data: `JSON.stringify` works. Times are in milliseconds. */
export interface ShutdownReport {
  /** The signal's name, `shutdown()`, or what the caller gave. */
  readonly reason: string;
  /**
   * Whether no client lost anything, no hook failed, and that is known of every accept queue. What was cut with
   * `lost: false` does not count.
   */
  readonly clean: boolean;
  /**
   * 1 if a client lost anything, a hook or a worker failed, or there are `errors`; else 0. A queue that cannot be
   * counted is no failure.
   */
  readonly exitCode: 0 | 1;
  /** From the signal to the report. */
  readonly duration: number;
  readonly phases: Readonly<Record<Exclude<State, 'running' | 'stopped'>, number>>;
  readonly listeners: readonly ListenerReport[];
  readonly connections: {
    /** Open when the listeners began to close. */
    readonly open: number;
    /** Ended after a response that said `Connection: close`, or an HTTP/2 session after its last stream. */
    readonly answered: number;
    /** Ended by us while idle. */
    readonly idle: number;
    /** Ended by the client or the application. */
    readonly gone: number;
    /** Handed back to the primary of the cluster, which dealt them to another worker: their clients noticed nothing. */
    readonly moved: number;
    /**
     * Destroyed at the deadline; those with `lost` were in the middle of something. At most 100 of them are named,
     * these first.
     */
    readonly cut: readonly CutConnection[];
    /** How many were destroyed, named or not. */
    readonly cutTotal: number;
  };
  readonly requests: {
    /** Without a complete response when the listeners began to close. */
    readonly inFlight: number;
    /** Came since then, and were taken. `inFlight` + `arrived` = `served` + `cut` + `gone`. */
    readonly arrived: number;
    /** Answered since the listeners began to close, those in flight included. */
    readonly served: number;
    /** Destroyed at the deadline. */
    readonly cut: number;
    /** Ended without a whole answer by their client, by the application, or by a timeout of Node's. */
    readonly gone: number;
  };
  readonly hooks: readonly HookReport[];
  /** In a primary: one entry for each worker. What they reported is in the sums above. */
  readonly workers: readonly WorkerReport[];
  /** One entry for each worker thread with a coordinator, whose numbers are in the sums above too. */
  readonly threads: readonly ThreadReport[];
  /** What the program did meanwhile that would have lost clients: each kind once, with how often. */
  readonly interferences: readonly Interference[];
  /** What else went wrong: an error that began the shutdown, a listener that could not be closed. */
  readonly errors: readonly string[];
}
