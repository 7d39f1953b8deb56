import type { HookReport, ListenerReport, ShutdownReport, WorkerReport } from '../api/report.ts';

/** Most reasons, or names of what was cut, in one line. */
const MAX_NAMED = 5;

/** Why a shutdown was not clean, in words, the loss of clients first. Empty for a clean one. */
export function explainReport(report: ShutdownReport): readonly string[] {
  if (report.clean) return [];
  // What workers and threads cut is said with their names, below.
  const others = [...report.workers, ...report.threads];
  const ofOthers = new Set(others.flatMap((other) => other.report?.connections.cut ?? []));
  const lost = report.connections.cut.filter((each) => each.lost && !ofOthers.has(each));
  const names = lost.map(({ kind, name }) =>
    ['request', 'work', 'worker'].includes(kind) ? name : `${kind} ${name}`,
  );
  const reasons = [
    ...(names.length > 0 ? [`cut at the deadline: ${joinSome(names, ', ')}`] : []),
    ...report.listeners.flatMap(explainListener),
    ...report.hooks.flatMap(explainHook),
    ...report.workers.flatMap((worker) => explainWorker(worker, lost.length > 0)),
    ...report.threads.flatMap(({ thread, report: its }) => explainOther(`thread ${thread}`, its)),
    ...report.errors.map(firstLine),
  ];
  return reasons.length > 0 ? [...new Set(reasons)] : ['the report says why'];
}

/** The first few, and how many more there are. */
export function joinSome(parts: readonly string[], separator: string): string {
  const rest = parts.length - MAX_NAMED;
  const shown = parts.slice(0, MAX_NAMED).join(separator);
  return rest > 0 ? `${shown}${separator}and ${rest} more` : shown;
}

/** `2.5 s`, or `40 ms`. */
export function words(milliseconds: number): string {
  return milliseconds < 1_000
    ? `${Math.round(milliseconds)} ms`
    : `${(milliseconds / 1_000).toFixed(1).replace(/\.0$/, '')} s`;
}

function explainListener({ address, abandoned }: ListenerReport): readonly string[] {
  if (abandoned === 0) return [];
  if (abandoned === null) return [`how many connections were in the queue of ${address} is not known`];
  return [`${address} was closed with ${abandoned} connections in its queue`];
}

function explainHook({ name, outcome, duration, error }: HookReport): readonly string[] {
  if (outcome === 'done') return [];
  if (outcome === 'failed') return [`hook '${name}' failed: ${firstLine(error ?? 'no error')}`];
  return [`hook '${name}' was not done after ${words(duration)}`];
}

/** @param named - whether the requests of a killed worker are among what was cut */
function explainWorker(
  { id, outcome, code, signal, report }: WorkerReport,
  named: boolean,
): readonly string[] {
  if (outcome === 'died') return [`worker ${id} died (${signal ?? `exit code ${code}`})`];
  if (outcome === 'killed' && !named) return [`worker ${id} was killed at the deadline`];
  return explainOther(`worker ${id}`, report);
}

/** Why a worker or a thread that has reported was not clean, each reason with its name. */
function explainOther(name: string, report: ShutdownReport | null): readonly string[] {
  return report === null ? [] : explainReport(report).map((reason) => `${name}: ${reason}`);
}

/** The first line of an error's text: its stack is in the report. */
function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

/**
 * Listeners that were not closed by a method that loses no client, although this system has one: what the addon, or
 * the kernel, would not do.
 */
export function explainDegraded({ listeners, workers }: ShutdownReport): readonly string[] {
  const own = process.platform === 'linux' ? listeners.flatMap(explainSeal) : [];
  return [...own, ...workers.flatMap(({ report }) => (report === null ? [] : explainDegraded(report)))];
}

/** One note alone says why there was nothing to choose: a listener of the primary, or an inherited one. */
function explainSeal({ address, seal, notes }: ListenerReport): readonly string[] {
  const [why = ''] = notes;
  const fellBack = seal === 'backlog' || (seal === 'none' && notes.length > 1);
  if (!fellBack || why === '' || why.includes('GRACEFUL_CLUSTER_NATIVE is off')) return [];
  return [`${address} was closed by the method '${seal}', which can lose clients (${why})`];
}
