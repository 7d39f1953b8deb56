import type { ConnectionTotals, CutConnection } from '../drain/limits.ts';
import type { ListenerReport } from '../listener/close.ts';

/** Where a shutdown stands. It only ever moves to the right, and `delaying` may be passed over. */
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
   * - `left`: it ended without a report, with code 0 or by the signal itself; or before it had served anything
   * - `died`: it crashed; what it held is lost
   * - `killed`: it had not reported at the deadline
   */
  readonly outcome: 'drained' | 'left' | 'died' | 'killed';
  readonly code: number | null;
  readonly signal: string | null;
  readonly report: ShutdownReport | null;
}

/** What a shutdown came to. Plain data: `JSON.stringify` works. Times are in milliseconds. */
export interface ShutdownReport {
  /** The signal's name, `shutdown()`, or what the caller gave. */
  readonly reason: string;
  /** Whether nothing was cut, no hook failed, and no deadline passed. */
  readonly clean: boolean;
  /** 0 if clean, else 1; 1 as well when an error began the shutdown. */
  readonly exitCode: 0 | 1;
  /** From the signal to the report. */
  readonly duration: number;
  readonly phases: Readonly<Record<Exclude<State, 'running' | 'stopped'>, number>>;
  readonly listeners: readonly ListenerReport[];
  readonly connections: {
    /** Open when the listeners began to close. */
    readonly open: number;
    /** Ended after a response that said `Connection: close`. */
    readonly answered: number;
    /** Ended by us while idle. */
    readonly idle: number;
    /** Ended by the client or the application. */
    readonly gone: number;
    /** Destroyed at the deadline; those with `lost` were in the middle of something. */
    readonly cut: readonly CutConnection[];
  };
  readonly requests: {
    /** Without a complete response when the listeners began to close. */
    readonly inFlight: number;
    /** Answered since then, those in flight included. */
    readonly served: number;
    readonly cut: number;
  };
  readonly hooks: readonly HookReport[];
  /** In a primary: one entry for each worker. */
  readonly workers: readonly WorkerReport[];
  /** What else went wrong: an error that began the shutdown, a listener that could not be closed. */
  readonly errors: readonly string[];
}

export type ReportParts = Pick<
  ShutdownReport,
  'reason' | 'duration' | 'phases' | 'listeners' | 'hooks' | 'workers' | 'errors'
> & {
  readonly open: number;
  readonly totals: readonly ConnectionTotals[];
  readonly cut: readonly CutConnection[];
};

export function createReport(parts: ReportParts): ShutdownReport {
  const { reason, duration, phases, listeners, hooks, workers, errors, open, totals, cut } = parts;
  const sum = (key: keyof ConnectionTotals): number => totals.reduce((total, each) => total + each[key], 0);
  const clean =
    errors.length === 0 &&
    cut.every(({ lost }) => !lost) &&
    hooks.every(({ outcome }) => outcome === 'done') &&
    listeners.every(({ abandoned }) => !abandoned) &&
    workers.every(({ outcome, report }) => outcome === 'left' || (outcome === 'drained' && report?.clean));
  return {
    reason,
    clean,
    exitCode: clean ? 0 : 1,
    duration,
    phases,
    listeners,
    connections: { open, answered: sum('answered'), idle: sum('idle'), gone: sum('gone'), cut },
    requests: {
      inFlight: sum('inFlight'),
      served: sum('served'),
      cut: cut.reduce((total, { requests }) => total + requests, 0),
    },
    hooks,
    workers,
    // A copy: a listener of the report itself may throw.
    errors: [...errors],
  };
}
