import type { ConnectionCounts, ShutdownReport } from '../api/report.ts';
import { sumCounts } from '../drain/connections.ts';
import { shared } from '../process/registry.ts';
import type { CoordinatorControls } from './role.ts';

/** Most names of what is waited for. */
const MAX_NAMED = 10;

interface Reporter {
  /** Undefined until it is done. */
  report: ShutdownReport | undefined;
  disposed: boolean;
}

/**
 * The coordinators of this process, or of this thread. There may be several, as with two Fastify apps: the primary, or
 * the main thread, gets one report, and one progress, of all.
 */
const reporters = shared<Map<CoordinatorControls, Reporter>>('reporters', Map);

const someAtWork = (): boolean => [...reporters.values()].some(({ report }) => report === undefined);

/**
 * Counts a coordinator until the returned function is called, which returns whether none is left. One that is done stays
 * until the others are: its report is part of theirs.
 */
export function addReporter(controls: CoordinatorControls): () => boolean {
  const reporter: Reporter = { report: undefined, disposed: false };
  reporters.set(controls, reporter);
  return () => {
    reporter.disposed = true;
    if (reporter.report === undefined || !someAtWork()) reporters.delete(controls);
    return reporters.size === 0;
  };
}

/** The report of all coordinators, once the last of them is done. */
export function reportOfAll(
  controls: CoordinatorControls,
  report: ShutdownReport,
): ShutdownReport | undefined {
  // One that is disposed of as soon as it is done is not among them any more.
  const reporter = reporters.get(controls) ?? { report, disposed: true };
  reporter.report = report;
  reporters.set(controls, reporter);
  if (someAtWork()) return undefined;
  const reports = [...reporters.values()].flatMap((each) => each.report ?? []);
  for (const [each, { disposed }] of reporters) if (disposed) reporters.delete(each);
  return mergeReports(report, reports);
}

export function progressOfAll(): { readonly counts: ConnectionCounts; readonly waiting: readonly string[] } {
  const all = [...reporters.keys()].map(({ progress }) => progress());
  return {
    counts: sumCounts(all.map(({ counts }) => counts)),
    waiting: all.flatMap(({ waiting }) => waiting).slice(0, MAX_NAMED),
  };
}

/** @param last - says how the stop began */
function mergeReports(last: ShutdownReport, reports: readonly ShutdownReport[]): ShutdownReport {
  if (reports.length === 1) return last;
  const connections = reports.map((each) => each.connections);
  return {
    reason: last.reason,
    clean: reports.every(({ clean }) => clean),
    exitCode: reports.some(({ exitCode }) => exitCode === 1) ? 1 : 0,
    duration: Math.max(...reports.map(({ duration }) => duration)),
    phases: mergeNumbers(
      reports.map(({ phases }) => phases),
      Math.max,
    ),
    listeners: reports.flatMap(({ listeners }) => listeners),
    connections: {
      ...mergeNumbers(connections, add),
      cut: connections.flatMap(({ cut }) => cut),
    },
    requests: mergeNumbers(
      reports.map(({ requests }) => requests),
      add,
    ),
    hooks: reports.flatMap(({ hooks }) => hooks),
    workers: reports.flatMap(({ workers }) => workers),
    threads: reports.flatMap(({ threads }) => threads),
    interferences: reports.flatMap(({ interferences }) => interferences),
    errors: reports.flatMap(({ errors }) => errors),
  };
}

const add = (...numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0);

/** Merges the members that are numbers. */
function mergeNumbers<Part extends object>(
  all: readonly Part[],
  merge: (...numbers: readonly number[]) => number,
): Part {
  const keys = Object.entries(all[0] ?? {}).flatMap(([key, value]) => (typeof value === 'number' ? key : []));
  const parts = all as readonly Readonly<Record<string, number>>[];
  return Object.fromEntries(keys.map((key) => [key, merge(...parts.map((each) => each[key] ?? 0))])) as Part;
}
