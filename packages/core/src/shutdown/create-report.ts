import type { CutConnection, ShutdownReport } from '../api/report.ts';
import type { ConnectionTotals } from '../drain/connections.ts';

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
    duration: round(duration),
    phases: {
      delaying: round(phases.delaying),
      closing: round(phases.closing),
      draining: round(phases.draining),
      cleanup: round(phases.cleanup),
    },
    listeners: listeners.map((each) => ({ ...each, duration: round(each.duration) })),
    connections: { open, answered: sum('answered'), idle: sum('idle'), gone: sum('gone'), cut },
    requests: {
      inFlight: sum('inFlight'),
      served: sum('served'),
      cut: cut.reduce((total, { requests }) => total + requests, 0),
    },
    hooks: hooks.map((each) => ({ ...each, duration: round(each.duration) })),
    workers,
    // A copy: a listener of the report itself may throw.
    errors: [...errors],
  };
}

/** Milliseconds, to a tenth. */
function round(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}
