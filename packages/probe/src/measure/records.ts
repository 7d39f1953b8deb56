import type { Attempt, AttemptRecord, Ending, LostAttempt } from './attempt.ts';
import { isLost, type Outcome } from './outcome.ts';
import { chooseTimeline } from './timeline.ts';

/** The attempts that are reported one by one. */
export interface Records {
  keep(attempt: Attempt, ending: Ending & { readonly outcome: Outcome }, signalledAt: number): void;
  /** The attempts that cost a client its request, the first 1,000 of them. */
  lost(signalledAt: number): LostAttempt[];
  timeline(signalledAt: number): AttemptRecord[];
}

interface Ended extends Ending {
  readonly attempt: Attempt;
  readonly outcome: Outcome;
}

const MAX_LOST = 1_000;
/** Attempts kept for the timeline, and how many of them may have ended before the signal. */
const MAX_ENDED = 50_000;
const MAX_ENDED_BEFORE = 2_000;

export function createRecords(): Records {
  const lost: Ended[] = [];
  let ended: Ended[] = [];
  return {
    keep(attempt, { outcome, endedAt, code }, signalledAt) {
      const one = { attempt, outcome, endedAt, code };
      if (isLost(outcome) && lost.length < MAX_LOST) lost.push(one);
      if (ended.length < MAX_ENDED) ended.push(one);
      if (endedAt < signalledAt && ended.length >= 2 * MAX_ENDED_BEFORE) {
        ended = ended.slice(-MAX_ENDED_BEFORE);
      }
    },
    lost: (signalledAt) => lost.map((one) => describe(one, signalledAt) as LostAttempt),
    timeline: (signalledAt) => chooseTimeline(ended.map((one) => describe(one, signalledAt))),
  };
}

function describe({ attempt, outcome, endedAt, code }: Ended, signalledAt: number): AttemptRecord {
  const relative = (time: number | undefined): number | null => relativeTo(signalledAt, time);
  return {
    kind: attempt.kind,
    connection: attempt.connection,
    outcome,
    code: code ?? null,
    opened: attempt.opened,
    started: round(attempt.startedAt - signalledAt),
    connected: relative(attempt.connectedAt),
    firstByte: relative(attempt.firstByteAt),
    ended: round(endedAt - signalledAt),
  };
}

/** Milliseconds from the signal to a time; null for a time that is not known. */
export function relativeTo(signalledAt: number, time: number | undefined): number | null {
  return time === undefined ? null : round(time - signalledAt);
}

/** Rounds to the microsecond: the clock is no finer. */
export function round(time: number): number {
  return Math.round(time * 1_000) / 1_000;
}
