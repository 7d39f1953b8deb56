import type { Seen } from '../run.ts';
import { deaths, firstDied, forcedCode, isStarved, primaryDied, wasForced } from './blast.ts';

const OWN_CODE = 7;

/** What a process on a busy machine may take to read a signal, in milliseconds. */
const MOMENT_MS = 300;

/** A death so long before the signal is over by then: the worker is replaced. In milliseconds. */
const BEFORE_MS = 500;

/** The process ended in time, with the right code, and nothing of it is left. */
export function checkEnding(seen: Seen): readonly string[] {
  const { scenario, end, left, open } = seen;
  const wrong: string[] = [];
  if (end === undefined) wrong.push(`it did not end within ${scenario.options.timeout} ms`);
  if (left.length > 0) wrong.push(`processes are left: ${left.join(', ')}`);
  if (open && end !== undefined) wrong.push('its address is still there');
  if (end !== undefined) {
    const is = end.signal ?? end.code;
    const right = rightEnds(seen);
    if (!right.includes(is)) wrong.push(`it ended with ${is}, not ${right.join(' or ')}`);
  }
  return wrong;
}

function rightEnds(seen: Seen): readonly (string | number | null)[] {
  const { scenario, pid, evidence, faults, stoppedAt, againAt } = seen;
  const { stop, behaviour, model } = scenario;
  const forced = forcedCode(seen);
  const report = evidence.reports().findLast((each) => each.pid === pid)?.report;
  // The primary was at its end when it was killed.
  const exits = evidence.all('exit').filter((exit) => exit.pid === pid);
  if (primaryDied(seen)) {
    return [
      'SIGKILL',
      ...(report === undefined ? [] : [report.exitCode]),
      ...exits.map(({ rest }) => Number(rest)),
    ];
  }
  // A primary dies of the signal before it listens for it.
  if (model === 'foreign') {
    if (stop.after >= 0) return [0];
    return [0, stop.signal, ...(wroteToDeadWorker(seen) ? [1] : [])];
  }
  if (wasForced(seen)) {
    const reportedAt = evidence.all('report').findLast((entry) => entry.pid === pid)?.at ?? Infinity;
    // The second signal came when there was next to nothing left to force.
    const isLate = againAt !== undefined && reportedAt < againAt + MOMENT_MS;
    // Meant to come too soon: the machine stood still, and the process may have read both signals together.
    if ((stop.again ?? 0) < scenario.options.secondSignalDelay) return [forced, report?.exitCode ?? forced];
    // It stood still from before the delay was over until the second one had come: both were read in the same poll.
    const stood = faults.some(({ fault, pid: whose, at, until }) => {
      const during = at <= stoppedAt + scenario.options.secondSignalDelay && until >= (againAt ?? Infinity);
      return fault.kind === 'freeze' && whose === pid && during;
    });
    if (stood) return [forced, report?.exitCode ?? forced];
    // The delay is counted by a timer of the process, which is late without a processor.
    if (evidence.waited(pid, stoppedAt) > MOMENT_MS) return [forced, report?.exitCode ?? forced];
    return isLate ? [forced, report?.exitCode ?? forced] : [forced];
  }
  const ready = evidence.all(model === 'single' ? 'served' : 'ready').find((entry) => entry.pid === pid);
  // Nothing of ours listened for the signal yet.
  if (report === undefined && (ready === undefined || ready.at > stoppedAt - BEFORE_MS) && stop.after < 0) {
    return [stop.signal, 0];
  }
  // Of an error of the program before it read the signal, or after its report.
  if (model === 'single' && firstDied(seen)) return [1];
  const cleaned = evidence.all('cleaned').some((entry) => entry.pid === pid);
  if (behaviour === 'own exit code' && cleaned) return [OWN_CODE];
  return [report?.exitCode ?? 'a code of its report'];
}

/** Whether `cluster.disconnect()` of a primary that is not ours failed, at a worker that the signal had ended as it started. */
export function wroteToDeadWorker({ scenario, stderr }: Seen): boolean {
  const { model, stop } = scenario;
  return (
    model === 'foreign' &&
    stop.after < 0 &&
    stderr.includes('write EPIPE') &&
    stderr.includes('cluster.disconnect')
  );
}

/** Why a stop may not be clean; empty where it has to be. */
export function causes(seen: Seen): readonly string[] {
  const { scenario, attempts, stoppedAt, faults } = seen;
  const late = deaths(seen).filter(({ at }) => at > stoppedAt - BEFORE_MS);
  return [
    ...scenario.hooks.filter((kind) => kind === 'failing' || kind === 'hanging'),
    ...late.map(({ fault }) => fault.kind),
    ...faults
      .filter(({ fault }) => ['reject', 'crash', 'emfile'].includes(fault.kind))
      .map(({ fault }) => fault.kind),
    ...attempts.filter(({ kind }) => kind === 'stalled').map(({ kind }) => kind),
    ...(wasForced(seen) ? ['forced'] : []),
    ...(isStarved(seen) ? ['no processor'] : []),
  ];
}
