import type { Attempt, AttemptRecord, Ending, Kind, LostAttempt } from './attempt.ts';
import { summarize, type Latency } from './latency.ts';
import { addCounts, emptyCounts, isLost, type Counts } from './outcome.ts';
import { chooseTimeline } from './timeline.ts';

export interface KindTally {
  readonly counts: Counts;
  /** Longest attempt, start to end, of those that ended after the signal, in milliseconds. */
  readonly longest: number;
  readonly inFlightAtSignal: number;
}

/** What became of all attempts. Plain data; times are milliseconds after the signal. */
export interface LoadTally {
  readonly counts: Counts;
  readonly kinds: Readonly<Partial<Record<Kind, KindTally>>>;
  /** The attempts that cost a client its request, the first 1,000 of them; `counts` has them all. */
  readonly lost: readonly LostAttempt[];
  /** How many were lost that ended before the signal. */
  readonly lostBeforeSignal: number;
  /** When the first and the last attempt was refused, of those that started after the signal. */
  readonly refused: { readonly first: number | null; readonly last: number | null };
  /** Attempts refused before the signal. */
  readonly refusedBeforeSignal: number;
  /** Connections that were let in although they were begun after one had been refused. */
  readonly acceptedAfterRefusal: number;
  readonly inFlightAtSignal: number;
  /**
   * When the last answer came of those that the server owed: to requests in flight at the signal, and on connections
   * that it let in after it. Null if none came.
   */
  readonly lastOwedAnswer: number | null;
  /** Idle connections that the server closed, which costs nobody anything. */
  readonly idleCloses: number;
  /** Idle connections that the server reset. */
  readonly idleResets: number;
  /** Times that bytes came for which there was no request. */
  readonly unsolicited: number;
  /** Attempts that failed on this side (EADDRNOTAVAIL, EMFILE) and are not counted, by error code. */
  readonly clientErrors: Readonly<Record<string, number>>;
  /** Of the answers that came before the signal, and of those that came after it. */
  readonly latency: { readonly before: Latency; readonly after: Latency };
  /** A choice of the attempts around the signal, for a picture: all that were lost, up to a limit. */
  readonly timeline: readonly AttemptRecord[];
}

export interface Tally {
  add(attempt: Attempt, ending: Ending): void;
  /** Marks the time of the signal. */
  signalled(at: number, inFlight: Iterable<Attempt>): void;
  idleClosed(): void;
  idleReset(): void;
  unsolicited(): void;
  readonly attempts: number;
  readonly counts: Counts;
  readonly firstRefused: number | null;
  result(): LoadTally;
}

interface Ended {
  readonly attempt: Attempt;
  readonly outcome: AttemptRecord['outcome'];
  readonly endedAt: number;
  readonly code: string | undefined;
}

type MutableKind = { -readonly [Name in keyof KindTally]: KindTally[Name] };

const LOST_KEPT = 1_000;
/** Attempts kept for the timeline, and how many of them may have ended before the signal. */
const ENDED_KEPT = 50_000;
const ENDED_KEPT_BEFORE = 2_000;

export function createTally(): Tally {
  const kinds = new Map<Kind, MutableKind>();
  const counts = emptyCounts();
  const clientErrors: Record<string, number> = {};
  const before: number[] = [];
  const after: number[] = [];
  const lost: Ended[] = [];
  let ended: Ended[] = [];
  let attempts = 0;
  let signalledAt = Infinity;
  let inFlightAtSignal = 0;
  let firstRefusedAt: number | undefined;
  let lastRefusedAt: number | undefined;
  let lastOwedAnswerAt: number | undefined;
  let lostBeforeSignal = 0;
  let refusedBeforeSignal = 0;
  let acceptedAfterRefusal = 0;
  let idleCloses = 0;
  let idleResets = 0;
  let unsolicited = 0;

  const afterSignal = (time: number | undefined): number | null =>
    time === undefined ? null : round(time - signalledAt);

  function ofKind(kind: Kind): MutableKind {
    let tally = kinds.get(kind);
    if (!tally) kinds.set(kind, (tally = { counts: emptyCounts(), longest: 0, inFlightAtSignal: 0 }));
    return tally;
  }

  function addRefused(attempt: Attempt, endedAt: number): void {
    if (!attempt.opened) return;
    if (endedAt < signalledAt) refusedBeforeSignal += 1;
    // The SYN of one that started before may have been on its way: that it was refused says little about when.
    if (attempt.startedAt < signalledAt) return;
    firstRefusedAt ??= endedAt;
    lastRefusedAt = endedAt;
  }

  function keep(one: Ended): void {
    if (isLost(one.outcome) && lost.length < LOST_KEPT) lost.push(one);
    if (ended.length < ENDED_KEPT) ended.push(one);
    if (one.endedAt < signalledAt && ended.length >= 2 * ENDED_KEPT_BEFORE) {
      ended = ended.slice(-ENDED_KEPT_BEFORE);
    }
  }

  function describe({ attempt, outcome, endedAt, code }: Ended): AttemptRecord {
    return {
      kind: attempt.kind,
      connection: attempt.connection,
      outcome,
      code: code ?? null,
      opened: attempt.opened,
      started: round(attempt.startedAt - signalledAt),
      connected: afterSignal(attempt.connectedAt),
      firstByte: afterSignal(attempt.firstByteAt),
      ended: round(endedAt - signalledAt),
    };
  }

  return {
    add(attempt, { outcome, endedAt, code }) {
      attempts += 1;
      if (!outcome) {
        const name = code ?? 'unknown';
        clientErrors[name] = (clientErrors[name] ?? 0) + 1;
        return;
      }
      const kind = ofKind(attempt.kind);
      const time = endedAt - attempt.startedAt;
      kind.counts[outcome] += 1;
      counts[outcome] += 1;
      if (endedAt > signalledAt) kind.longest = Math.max(kind.longest, round(time));
      const owed = attempt.opened || attempt.startedAt < signalledAt;
      if (outcome === 'answered' && owed && endedAt > signalledAt) lastOwedAnswerAt = endedAt;
      if (outcome === 'answered') (endedAt > signalledAt ? after : before).push(time);
      if (outcome === 'refused') addRefused(attempt, endedAt);
      else if (attempt.opened && attempt.startedAt > (firstRefusedAt ?? Infinity)) acceptedAfterRefusal += 1;
      if (isLost(outcome) && endedAt < signalledAt) lostBeforeSignal += 1;
      keep({ attempt, outcome, endedAt, code });
    },
    signalled(at, inFlight) {
      signalledAt = at;
      for (const { kind } of inFlight) {
        inFlightAtSignal += 1;
        ofKind(kind).inFlightAtSignal += 1;
      }
    },
    idleClosed() {
      idleCloses += 1;
    },
    idleReset() {
      idleResets += 1;
    },
    unsolicited() {
      unsolicited += 1;
    },
    get attempts() {
      return attempts;
    },
    get counts() {
      const copy = emptyCounts();
      addCounts(copy, counts);
      return copy;
    },
    get firstRefused() {
      return afterSignal(firstRefusedAt);
    },
    result: () => ({
      counts,
      kinds: Object.fromEntries(kinds),
      lost: lost.map((one) => describe(one) as LostAttempt),
      lostBeforeSignal,
      refused: { first: afterSignal(firstRefusedAt), last: afterSignal(lastRefusedAt) },
      refusedBeforeSignal,
      acceptedAfterRefusal,
      inFlightAtSignal,
      lastOwedAnswer: afterSignal(lastOwedAnswerAt),
      idleCloses,
      idleResets,
      unsolicited,
      clientErrors,
      latency: { before: summarize(before), after: summarize(after) },
      timeline: Number.isFinite(signalledAt) ? chooseTimeline(ended.map(describe)) : [],
    }),
  };
}

/** To the microsecond, which is what the clock is good for. */
function round(time: number): number {
  return Math.round(time * 1_000) / 1_000;
}
