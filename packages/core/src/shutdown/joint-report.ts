import type { ConnectionCounts, ShutdownReport } from '../api/report.ts';
import { sumCounts } from '../drain/connections.ts';
import { shared } from '../process/registry.ts';
import type { CoordinatorControls } from './role.ts';

/** Most names of what is waited for. */
const MAX_NAMED = 10;

/**
 * The coordinators of this process, or of this thread, with the report of each that is done. There may be several, as
 * with two Fastify apps: whoever stops the process hears one report, and one progress, of all.
 */
const reporters = shared<Map<CoordinatorControls, ShutdownReport | undefined>>('reporters', Map);

/** Counts a coordinator until the returned function is called, which returns whether none is left. */
export function addReporter(controls: CoordinatorControls): () => boolean {
  reporters.set(controls, undefined);
  return () => {
    reporters.delete(controls);
    return reporters.size === 0;
  };
}

/** The report of all coordinators, once the last of them is done. */
export function reportOfAll(
  controls: CoordinatorControls,
  report: ShutdownReport,
): ShutdownReport | undefined {
  reporters.set(controls, report);
  const reports = [...reporters.values()].filter((each) => each !== undefined);
  return reports.length === reporters.size ? mergeReports(report, reports) : undefined;
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
