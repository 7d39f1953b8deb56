import type { Worker } from 'node:cluster';
import type { ConnectionCounts, CutConnection, WorkerReport } from '../../api/report.ts';

/** One worker of the cluster, seen from the primary. */
export interface Member {
  readonly worker: Worker;
  /** `worker 3 (pid 4711)` */
  readonly name: string;
  /** Resolves when it listens, and its coordinator is not told to wait by `setReady(false)`. */
  readonly ready: Promise<void>;
  /** Resolves when it is gone, and all it said has been read. */
  readonly exited: Promise<void>;
  readonly gone: () => boolean;
  readonly killed: () => boolean;
  /** Whether it may have clients: it listens, or has a coordinator. */
  readonly serving: () => boolean;
  /** Whether its drain is over: it cuts what is left, runs its hooks, and reports next. */
  readonly cleaning: () => boolean;
  /** Whether its drain is over, and its report here: all that is left to it is to exit. */
  readonly reported: () => boolean;
  /** `exited with code 1`, `was killed by SIGKILL` */
  readonly fate: () => string;
  readonly counts: () => ConnectionCounts;
  readonly waiting: () => readonly string[];
  /** Announces a shutdown to the worker: responses say `Connection: close`, servers stay open. */
  readonly announce: () => void;
  /** Says that the listeners close: Node ignores the worker's requests to listen from now on. */
  readonly close: () => void;
  /** Orders the worker to close and drain; one without a coordinator is stopped by `dismiss.ts`. */
  readonly drain: (order: MemberOrder) => void;
  /** Whether it was told to drain. */
  readonly leaving: () => boolean;
  readonly kill: () => void;
  /** Kills it at the deadline, and says what it was doing. */
  readonly cut: () => CutConnection;
  readonly report: () => WorkerReport;
  /** Leaves the worker to itself: from now on signals are its own. */
  readonly release: () => void;
}

export interface MemberOrder {
  readonly reason: string;
  /** Milliseconds. */
  readonly timeout: number;
  /** Whether the whole cluster stops. */
  readonly together: boolean;
  /** Whether the supervisor sends it away, and not a signal from outside. */
  readonly dismissed: boolean;
  /** Whether it may give idle connections back. */
  readonly handBack?: boolean;
}
