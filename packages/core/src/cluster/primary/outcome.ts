import type { ConnectionCounts, WorkerReport } from '../../api/report.ts';
import { signalExitCode } from '../../process/guard.ts';

/** What is known of a worker that has ended, or is to be reported as it is. */
export interface WorkerEnd {
  readonly code: number | null;
  readonly signal: string | null;
  readonly killed: boolean;
  readonly atWork: boolean;
  readonly reported: boolean;
  readonly counts: ConnectionCounts;
}

/** Ends of a worker that has done what a signal asked for: by the signal itself, or with its code of a shell. */
const asked: ReadonlySet<unknown> = new Set(
  (['SIGTERM', 'SIGINT'] as const).flatMap((signal) => [signal, signalExitCode(signal)]),
);

export function describeOutcome(end: WorkerEnd): WorkerReport['outcome'] {
  if (end.reported) return 'drained';
  if (end.killed) return end.atWork ? 'killed' : 'left';
  // The worker sends its counts once more in its `exit` event (worker/primary-link.ts): it took requests with it.
  if (end.counts.inFlight > 0) return 'died';
  // The signal may have reached every process of the group: one that had left by then has done what was asked.
  return end.code === 0 || asked.has(end.signal) || asked.has(end.code) ? 'left' : 'died';
}
