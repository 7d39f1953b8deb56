import type { Attempt, Ending, Kind, LostAttempt } from './attempt.ts';
import { addCounts, emptyCounts, isLost, type Counts, type LostOutcome } from './outcome.ts';

export interface KindTally {
  readonly counts: Counts;
  /** Longest attempt, start to end, of those that ended after the signal, in milliseconds. */
  readonly longest: number;
}

/** What became of all attempts. Plain data; times are milliseconds after the signal. */
export interface LoadTally {
  readonly counts: Counts;
  readonly kinds: Readonly<Partial<Record<Kind, KindTally>>>;
  /** The attempts that cost a client its request, the first 1,000 of them; `counts` has them all. */
  readonly lost: readonly LostAttempt[];
  /** When the first and the last attempt was refused, of those that started after the signal. */
  readonly refused: { readonly first: number | null; readonly last: number | null };
  /** Attempts refused although they started before the signal. */
  readonly refusedBeforeSignal: number;
  /** Connections that were let in although they were begun after one had been refused. */
  readonly acceptedAfterRefusal: number;
  readonly inFlightAtSignal: number;
  /** Idle connections that the server closed, which costs nobody anything. */
  readonly idleCloses: number;
  /** Idle connections that the server reset. */
  readonly idleResets: number;
  /** Times that bytes came for which there was no request. */
  readonly unsolicited: number;
  /** Attempts that failed on this side (EADDRNOTAVAIL, EMFILE) and are not counted, by error code. */
  readonly clientErrors: Readonly<Record<string, number>>;
}

export interface Tally {
  add(attempt: Attempt, ending: Ending): void;
  /** Marks the time of the signal. */
  signalled(at: number, inFlight: number): void;
  idleClosed(): void;
  idleReset(): void;
  unsolicited(): void;
  readonly attempts: number;
  readonly counts: Counts;
  result(): LoadTally;
}

interface Lost {
  readonly attempt: Attempt;
  readonly ending: Ending;
  readonly outcome: LostOutcome;
}

const LOST_KEPT = 1_000;

export function createTally(): Tally {
  const kinds = new Map<Kind, { counts: Counts; longest: number }>();
  const counts = emptyCounts();
  const lost: Lost[] = [];
  const clientErrors: Record<string, number> = {};
  let attempts = 0;
  let signalledAt = Infinity;
  let inFlightAtSignal = 0;
  let firstRefusedAt: number | undefined;
  let lastRefusedAt: number | undefined;
  let refusedBeforeSignal = 0;
  let acceptedAfterRefusal = 0;
  let idleCloses = 0;
  let idleResets = 0;
  let unsolicited = 0;

  const afterSignal = (time: number | undefined): number | null =>
    time === undefined ? null : time - signalledAt;

  function ofKind(kind: Kind): { counts: Counts; longest: number } {
    let tally = kinds.get(kind);
    if (!tally) kinds.set(kind, (tally = { counts: emptyCounts(), longest: 0 }));
    return tally;
  }

  function addRefused(attempt: Attempt, endedAt: number): void {
    if (attempt.startedAt < signalledAt) {
      refusedBeforeSignal += 1;
      return;
    }
    firstRefusedAt ??= endedAt;
    lastRefusedAt = endedAt;
  }

  function describe({ attempt, ending, outcome }: Lost): LostAttempt {
    return {
      kind: attempt.kind,
      outcome,
      code: ending.code ?? null,
      opened: attempt.opened,
      started: attempt.startedAt - signalledAt,
      connected: afterSignal(attempt.connectedAt),
      firstByte: afterSignal(attempt.firstByteAt),
      ended: ending.endedAt - signalledAt,
    };
  }

  return {
    add(attempt, ending) {
      const { outcome, endedAt, code = 'unknown' } = ending;
      attempts += 1;
      if (!outcome) {
        clientErrors[code] = (clientErrors[code] ?? 0) + 1;
        return;
      }
      const kind = ofKind(attempt.kind);
      kind.counts[outcome] += 1;
      counts[outcome] += 1;
      if (endedAt > signalledAt) kind.longest = Math.max(kind.longest, endedAt - attempt.startedAt);
      if (outcome === 'refused') addRefused(attempt, endedAt);
      else if (attempt.opened && attempt.startedAt > (firstRefusedAt ?? Infinity)) acceptedAfterRefusal += 1;
      if (isLost(outcome) && lost.length < LOST_KEPT) lost.push({ attempt, ending, outcome });
    },
    signalled(at, inFlight) {
      signalledAt = at;
      inFlightAtSignal = inFlight;
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
    result: () => ({
      counts,
      kinds: Object.fromEntries(kinds),
      lost: lost.map(describe),
      refused: { first: afterSignal(firstRefusedAt), last: afterSignal(lastRefusedAt) },
      refusedBeforeSignal,
      acceptedAfterRefusal,
      inFlightAtSignal,
      idleCloses,
      idleResets,
      unsolicited,
      clientErrors,
    }),
  };
}
