import type { AttemptRecord } from './attempt.ts';
import { isLost } from './outcome.ts';

/** A timeline begins so long before the signal. */
export const TIMELINE_BEFORE_MS = 250;

/** Attempts in a timeline, at most. */
const MAX_KEPT = 600;

/**
 * The attempts that a picture of a shutdown shows, in the order of their start: all that were lost or in flight at the
 * signal, up to a limit, and of the others an even choice.
 */
export function chooseTimeline(records: readonly AttemptRecord[]): AttemptRecord[] {
  const shown = records.filter(({ ended }) => ended > -TIMELINE_BEFORE_MS);
  const first = shown.filter(important).slice(0, MAX_KEPT);
  const others = shown.filter((record) => !important(record));
  const step = Math.max(1, others.length / Math.max(1, MAX_KEPT - first.length));
  const chosen = Array.from({ length: Math.floor(others.length / step) }, (_, index) => {
    return others[Math.floor(index * step)];
  });
  return [...first, ...chosen]
    .filter((record) => record !== undefined)
    .toSorted((a, b) => a.started - b.started);
}

function important({ outcome, started, ended }: AttemptRecord): boolean {
  return isLost(outcome) || (started <= 0 && ended >= 0);
}
