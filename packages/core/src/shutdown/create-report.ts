import type { CutConnection, ShutdownReport } from '../api/report.ts';
import type { ConnectionTotals } from '../drain/connections.ts';

export type ReportParts = Pick<
  ShutdownReport,
  | 'reason'
  | 'duration'
  | 'phases'
  | 'listeners'
  | 'hooks'
  | 'workers'
  | 'threads'
  | 'interferences'
  | 'errors'
> & {
  readonly open: number;
  readonly totals: readonly ConnectionTotals[];
  readonly cut: readonly CutConnection[];
};

/** Most connections that a report names, and errors in it. A report goes over IPC in one message, and into logs. */
const MAX_NAMED = 100;

/** Longest name, in characters: a path may have thousands. */
const MAX_NAME_LENGTH = 200;

/** A report is the sum of the process's own servers and of what its workers and threads reported. */
export function createReport(parts: ReportParts): ShutdownReport {
  const { reason, duration, phases, listeners, hooks, workers, threads, interferences, errors } = parts;
  const { open, totals, cut } = parts;
  const ended = [...workers, ...threads];
  const sum = (key: Exclude<keyof ConnectionTotals, 'moved'>): number =>
    totals.reduce((total, each) => total + each[key], 0);
  const succeeded =
    errors.length === 0 &&
    cut.every(({ lost }) => !lost) &&
    hooks.every(({ outcome }) => outcome === 'done') &&
    listeners.every(({ abandoned }) => !abandoned) &&
    ended.every(
      ({ outcome, report }) => outcome === 'left' || (outcome === 'drained' && report?.exitCode === 0),
    );
  const reports = ended.flatMap(({ report }) => report ?? []);
  const clean =
    succeeded &&
    listeners.every(({ abandoned }) => abandoned !== null) &&
    ended.every(({ report }) => report?.clean !== false);
  const allCut = [...cut, ...reports.flatMap(({ connections }) => connections.cut)];
  return {
    reason,
    clean,
    exitCode: succeeded ? 0 : 1,
    duration: round(duration),
    phases: {
      delaying: round(phases.delaying),
      closing: round(phases.closing),
      draining: round(phases.draining),
      cleanup: round(phases.cleanup),
    },
    listeners: listeners.map((each) => ({ ...each, duration: round(each.duration) })),
    connections: {
      open: reports.reduce((total, { connections }) => total + connections.open, open),
      answered: sum('answered'),
      idle: sum('idle'),
      gone: sum('gone'),
      moved: totals.reduce((total, { moved = 0 }) => total + moved, 0),
      cut: nameSome(allCut),
      // A worker of an earlier version named them all.
      cutTotal: reports.reduce(
        (total, { connections: { cutTotal, cut: named } }) =>
          total + ((cutTotal as number | undefined) ?? named.length),
        cut.length,
      ),
    },
    requests: {
      inFlight: sum('inFlight'),
      arrived: sum('arrived'),
      served: sum('served'),
      cut: [
        ...cut.map(({ requests }) => requests),
        ...workers.map(({ lost, report }) => report?.requests.cut ?? lost),
        ...threads.map(({ report }) => report?.requests.cut ?? 0),
      ].reduce((total, requests) => total + requests, 0),
      gone: sum('unanswered'),
    },
    hooks: hooks.map((each) => ({ ...each, duration: round(each.duration) })),
    workers,
    threads,
    interferences,
    // A copy: what a listener of `stopped` throws must not change the report.
    errors: errors.slice(0, MAX_NAMED),
  };
}

/** At most `MAX_NAMED` of them, those that lost something first. */
function nameSome(cut: readonly CutConnection[]): readonly CutConnection[] {
  const sorted = [...cut.filter(({ lost }) => lost), ...cut.filter(({ lost }) => !lost)];
  return sorted
    .slice(0, MAX_NAMED)
    .map((each) =>
      each.name.length > MAX_NAME_LENGTH
        ? { ...each, name: `${each.name.slice(0, MAX_NAME_LENGTH - 1)}…` }
        : each,
    );
}

/** Milliseconds, to a tenth. */
function round(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}
