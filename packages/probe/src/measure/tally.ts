import type { Attempt, AttemptRecord, Ending, Kind, LostAttempt } from './attempt.ts';
import { summarize, type Latency } from './latency.ts';
import { emptyCounts, isLost, type Counts } from './outcome.ts';
import { createRecords, relativeTo, round } from './records.ts';
import { createRefusals } from './refusals.ts';

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
  /** Connections that were accepted although they were begun after one had been refused. */
  readonly acceptedAfterRefusal: number;
  readonly inFlightAtSignal: number;
  /**
   * When the last answer arrived of those that the server owed: to requests in flight at the signal, and on connections
   * that it accepted after it. Ends of event streams, WebSockets and silent connections are none. Null if none arrived.
   */
  readonly lastOwedAnswer: number | null;
  /** Idle connections that the server closed, which costs no client anything. */
  readonly idleCloses: number;
  /** Idle connections that the server reset. */
  readonly idleResets: number;
  /** Times that bytes arrived for which there was no request. */
  readonly unsolicited: number;
  /** Attempts that failed on this side (EADDRNOTAVAIL, EMFILE) and are not counted, by error code. */
  readonly clientErrors: Readonly<Record<string, number>>;
  /** Of the answers that arrived before the signal, and of those that arrived after it. */
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

type MutableKind = { -readonly [Name in keyof KindTally]: KindTally[Name] };

/** Clients that wait for the server to end their connection, whenever it likes: there is no answer to wait for. */
const owedNothing: ReadonlySet<Kind> = new Set<Kind>(['silent', 'eventStream', 'webSocket']);

export function createTally(): Tally {
  const kinds = new Map<Kind, MutableKind>();
  const counts = emptyCounts();
  const clientErrors: Record<string, number> = {};
  const times: Record<'before' | 'after', number[]> = { before: [], after: [] };
  const idle = { idleCloses: 0, idleResets: 0, unsolicited: 0 };
  const refusals = createRefusals();
  const records = createRecords();
  let attempts = 0;
  let signalledAt = Infinity;
  let inFlightAtSignal = 0;
  let lastOwedAnswerAt: number | undefined;
  let lostBeforeSignal = 0;

  function ofKind(kind: Kind): MutableKind {
    let tally = kinds.get(kind);
    if (!tally) kinds.set(kind, (tally = { counts: emptyCounts(), longest: 0, inFlightAtSignal: 0 }));
    return tally;
  }

  function addAnswer({ kind, opened, startedAt }: Attempt, endedAt: number): void {
    const after = endedAt > signalledAt;
    times[after ? 'after' : 'before'].push(endedAt - startedAt);
    if (after && (opened || startedAt < signalledAt) && !owedNothing.has(kind)) lastOwedAnswerAt = endedAt;
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
      kind.counts[outcome] += 1;
      counts[outcome] += 1;
      if (endedAt > signalledAt) kind.longest = Math.max(kind.longest, round(endedAt - attempt.startedAt));
      if (outcome === 'answered') addAnswer(attempt, endedAt);
      if (outcome === 'refused') refusals.refused(attempt, endedAt, signalledAt);
      else refusals.accepted(attempt);
      if (isLost(outcome) && endedAt < signalledAt) lostBeforeSignal += 1;
      records.keep(attempt, { outcome, endedAt, code }, signalledAt);
    },
    signalled(at, inFlight) {
      signalledAt = at;
      for (const { kind } of inFlight) {
        inFlightAtSignal += 1;
        ofKind(kind).inFlightAtSignal += 1;
      }
    },
    idleClosed: () => void (idle.idleCloses += 1),
    idleReset: () => void (idle.idleResets += 1),
    unsolicited: () => void (idle.unsolicited += 1),
    get attempts() {
      return attempts;
    },
    get counts() {
      return { ...counts };
    },
    get firstRefused() {
      return refusals.after(signalledAt).first;
    },
    result: () => ({
      counts,
      kinds: Object.fromEntries(kinds),
      lost: records.lost(signalledAt),
      lostBeforeSignal,
      refused: refusals.after(signalledAt),
      refusedBeforeSignal: refusals.beforeSignal,
      acceptedAfterRefusal: refusals.acceptedAfter,
      inFlightAtSignal,
      lastOwedAnswer: relativeTo(signalledAt, lastOwedAnswerAt),
      ...idle,
      clientErrors,
      latency: { before: summarize(times.before), after: summarize(times.after) },
      timeline: Number.isFinite(signalledAt) ? records.timeline(signalledAt) : [],
    }),
  };
}
