import type { Server } from 'node:net';
import type { ConnectionCounts, ShutdownReport, ThreadReport, WorkerReport } from '../api/report.ts';
import type { ShutdownCoordinator } from '../api/coordinator.ts';
import type { Drainable } from '../drain/drainable.ts';
import type { Events } from './events.ts';
import type { DrainOrder } from './steps.ts';

/** The part that a process plays in a shutdown: alone, the primary of a cluster, or one of its workers. */
export interface Role {
  /** What is drained besides the servers and the work of this process: in a primary, its workers; its threads. */
  readonly others: readonly Drainable[];
  /** Whether those others serve clients. */
  readonly serves: () => boolean;
  /** Whether a shutdown without a server is worth a warning. */
  readonly needsServer: boolean;
  /** Connections that came to other processes and to threads so far; undefined where they can't be seen. */
  readonly arrived: () => number | undefined;
  readonly workers: () => readonly WorkerReport[];
  readonly threads: () => readonly ThreadReport[];
  /** Passes a signal on to the process that decides; false where that is this one. */
  readonly forward: (signal: NodeJS.Signals) => boolean;
  readonly readyChanged: (ready: boolean) => void;
  readonly attached: (server: Server) => void;
  /** Resolves when no connection is on its way to this process any more. Asked after the listeners have closed. */
  readonly handedOver: () => Promise<void>;
  /** Called with the report before the process exits. */
  readonly finished: (report: ShutdownReport) => Promise<void>;
  /** Called once, with the coordinator that plays this part. */
  readonly join: (controls: CoordinatorControls) => void;
}

/** What the cluster may do with a coordinator; the application gets `coordinator` alone. */
export interface CoordinatorControls {
  readonly coordinator: ShutdownCoordinator;
  /** The `timeout` option, in milliseconds. */
  readonly timeout: number;
  readonly announce: () => void;
  /** Begins the shutdown that another process decided on, and exits at its end. */
  readonly drain: (order: Omit<DrainOrder, 'own'>) => void;
  readonly beginAndExit: (reason: string) => void;
  readonly emit: Events['emit'];
  /** Puts something that went wrong into the report, which is then not clean. */
  readonly note: (error: unknown) => void;
  /** As `beginAndExit`, with code 1 at the end. */
  readonly fail: (reason: string, error: string) => void;
  readonly progress: () => { readonly counts: ConnectionCounts; readonly waiting: readonly string[] };
  readonly onDispose: (stop: () => void) => void;
}

/** A process that decides on its own shutdown, and that has no workers. */
export const alone: Role = {
  others: [],
  serves: () => false,
  needsServer: true,
  arrived: () => 0,
  workers: () => [],
  threads: () => [],
  forward: () => false,
  readyChanged: () => {},
  attached: () => {},
  handedOver: () => Promise.resolve(),
  finished: () => Promise.resolve(),
  join: () => {},
};
