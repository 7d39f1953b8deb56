import type { ConnectionCounts, WorkerReport } from '../../api/report.ts';

/** What is known of a worker that has ended, or is to be reported as it is. */
export interface WorkerEnd {
  readonly code: number | null;
  readonly signal: string | null;
  readonly killed: boolean;
  readonly atWork: boolean;
  readonly reported: boolean;
  readonly counts: ConnectionCounts;
}

export function describeOutcome(end: WorkerEnd): WorkerReport['outcome'] {
  if (end.reported) return 'drained';
  if (end.killed) return end.atWork ? 'killed' : 'left';
  // The worker sends its counts once more in its `exit` event (worker/primary-link.ts): it took requests with it.
  if (end.counts.inFlight > 0) return 'died';
  // The signal may have reached every process of the group: one that had left by then has done what was asked.
  return end.code === 0 || end.signal === 'SIGTERM' || end.signal === 'SIGINT' ? 'left' : 'died';
}
