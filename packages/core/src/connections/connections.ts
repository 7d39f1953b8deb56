/** The connections of one server. Each kind has a file; the coordinator drains them all through this interface. */
export interface Connections {
  readonly counts: () => ConnectionCounts;
  /** What a drain waits for, by name: `GET /export, 4.2 s`. At most `limit` of them, longest first. */
  readonly waiting: (limit: number) => readonly string[];
  /** From now on every response says `Connection: close`; idle connections stay. */
  readonly announce: () => void;
  /** Ends each connection as its kind asks, those accepted later included. Resolves when `settled` has, and none is left. */
  readonly drain: (keepAliveGrace: number, settled: Promise<unknown>) => Promise<void>;
  /** Destroys what is left, at the deadline. */
  readonly cut: () => readonly CutConnection[];
  readonly totals: () => ConnectionTotals;
  /** Stops tracking and takes every listener off. */
  readonly release: () => void;
}

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
  /** Ended after a response that said `Connection: close`. */
  readonly answered: number;
  /** Ended while idle: their `keepAliveGrace` was over. */
  readonly idle: number;
  /** Ended by the client, or by the application. */
  readonly gone: number;
}

/** A connection destroyed at the deadline. */
export interface CutConnection {
  readonly kind: 'worker' | 'request' | 'head' | 'idle' | 'upgraded' | 'raw' | 'lingering';
  /** `GET /export, 4.2 s` for a request, the peer's address otherwise. */
  readonly name: string;
  /** Whether an answer or an open conversation was lost. */
  readonly lost: boolean;
}
