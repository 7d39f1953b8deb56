import type { Server } from 'node:net';
import type { Drainable } from '../drain/drainable.ts';
import type { ShutdownReport, WorkerReport } from '../api/report.ts';

/** What stands around a coordinator in a cluster; nothing in a process of its own. */
export interface Surroundings {
  /** What is drained besides the servers of this process. */
  readonly drainable?: Drainable;
  readonly workers?: () => readonly WorkerReport[];
  /** Asked first when a signal comes: true if another process decides. */
  readonly forward?: (signal: NodeJS.Signals) => boolean;
  readonly readyChanged?: (ready: boolean) => void;
  readonly attached?: (server: Server) => void;
  /** Resolves when no connection is on its way to this process any more. Asked after the listeners have closed. */
  readonly handedOver?: () => Promise<void>;
  /** Told of the report before the process exits. */
  readonly finished?: (report: ShutdownReport) => Promise<void>;
}
