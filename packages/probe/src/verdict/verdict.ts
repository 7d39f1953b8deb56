import { constants } from 'node:os';
import {
  countAttempts,
  countLost,
  emptyCounts,
  isLost,
  outcomeNames,
  outcomes,
  type Outcome,
} from '../measure/outcome.ts';
import { formatCount, formatTime } from '../measure/numbers.ts';
import type { Round } from '../stop/round.ts';
import { describeStop } from '../stop/stop.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { describeExit, type Exit } from '../server/server.ts';

/**
 * - `passed`: all rules held
 * - `warning`: nothing was lost, but the stop took too long or ended with an error
 * - `failed`: a rule did not hold
 * - `inconclusive`: the load says nothing about the server
 * - `not-applicable`: the server has nothing that the scenario is about
 */
export type Status = 'passed' | 'warning' | 'failed' | 'inconclusive' | 'not-applicable';

export interface Verdict {
  readonly status: Status;
  /** Why the scenario has not passed, one sentence each. */
  readonly reasons: readonly string[];
  /** Facts that break no rule, one sentence each. */
  readonly notes: readonly string[];
}

/** A process that stays for so long after its last duty needed a deadline to end. */
const IDLE_MS = 3_000;
/** The same, for a process that ended when the load did: its clients go on for 2 s after the first refusal. */
const OUTLASTED_MS = 1_500;

/** So many times the longest lag of the clients is added to both. */
const LAGS = 2;

interface Rule {
  readonly breaks: 'failed' | 'inconclusive' | 'warning';
  /** What is wrong with a round, if anything is. */
  readonly look: (round: Round, scenario: Scenario) => string | undefined;
}

/** Rules in the order of the report. The README has them in words. */
const rules: readonly Rule[] = [
  {
    breaks: 'failed',
    look: ({ counts, lostBeforeSignal, lost: records }) => {
      const lost = countLost(counts);
      if (lost === 0) return undefined;
      const kinds = outcomes
        .filter((outcome) => isLost(outcome) && counts[outcome] > 0)
        .map(
          (outcome) =>
            `${formatCount(counts[outcome])} ${outcomeNames[outcome]}${statusCodes(outcome, records)}`,
        );
      const before =
        lostBeforeSignal > 0 ? ` (${formatCount(lostBeforeSignal)} of them before the signal)` : '';
      return `lost ${formatCount(lost)} of ${formatCount(countAttempts(counts))}: ${kinds.join(', ')}${before}`;
    },
  },
  {
    breaks: 'failed',
    look: (round, { handsOver }) => {
      const { killed, signalToExit, signalToRefused } = round;
      if (!killed) return undefined;
      const cause = describeStop(round);
      const after = `${formatTime(signalToExit)} after ${cause}`;
      return signalToRefused === null && !handsOver
        ? `ignored ${cause}: it still accepted connections ${after}`
        : `did not end: it was still there ${after}`;
    },
  },
  {
    breaks: 'failed',
    look: ({ counts: { refused } }, { handsOver }) =>
      handsOver && refused > 0
        ? `refused ${formatCount(refused)} connections while another instance was there`
        : undefined,
  },
  {
    breaks: 'failed',
    look: ({ acceptedAfterRefusal: count }, { handsOver }) =>
      count === 0 || handsOver
        ? undefined
        : `accepted ${formatCount(count)} connections after it had refused one`,
  },
  {
    breaks: 'inconclusive',
    look: (round, { handsOver }) => {
      const { signalToRefused, killed, outlastedLoad } = round;
      if (signalToRefused !== null || killed || handsOver) return undefined;
      return outlastedLoad
        ? `still accepted connections when the load ended: give it more time with --exit-timeout`
        : `connections were accepted after the process was gone: does something else listen there, or was ${describeStop(round)} not for the server?`;
    },
  },
  {
    breaks: 'inconclusive',
    look: ({ refusedBeforeSignal: count }) =>
      count === 0 ? undefined : `refused ${formatCount(count)} connections before the signal`,
  },
  {
    breaks: 'inconclusive',
    look: ({ kinds }, { kind, inFlight }) =>
      inFlight && (kinds[kind]?.inFlightAtSignal ?? 0) === 0
        ? 'nothing was in flight at the signal'
        : undefined,
  },
  {
    breaks: 'inconclusive',
    look: ({ kinds }, { kind }) =>
      (kinds[kind]?.counts.answered ?? 0) === 0 && countLost(kinds[kind]?.counts ?? emptyCounts()) === 0
        ? 'no client was answered'
        : undefined,
  },
  {
    breaks: 'inconclusive',
    look: ({ clientErrors }) => {
      const failures = Object.entries(clientErrors).map(([code, count]) => `${count} × ${code}`);
      return failures.length === 0 ? undefined : `connections failed on this side: ${failures.join(', ')}`;
    },
  },
  {
    breaks: 'warning',
    look: ({ exit, killed, signal }) =>
      killed || isCleanExit(exit, signal) ? undefined : `the process ended: ${describeExit(exit)}`,
  },
  {
    breaks: 'warning',
    look: (round, scenario) => {
      if (!stayedIdle(round, scenario)) return undefined;
      const time = formatTime(idleTime(round));
      const duty = 'after it had refused connections and given all answers that it owed';
      return idleTime(round) > IDLE_MS
        ? `stayed for ${time} ${duty}`
        : `ended only when its clients had left, ${time} ${duty}`;
    },
  },
];

export function judge(scenario: Scenario, rounds: readonly Round[]): Verdict {
  const broken = rules.flatMap((rule) => {
    const findings = rounds.map((round) => rule.look(round, scenario));
    const found = findings.filter((finding) => finding !== undefined);
    return found.length === 0 ? [] : [{ rule, text: tell(found, rounds.length) }];
  });
  const order = ['failed', 'inconclusive', 'warning'] as const;
  return {
    status: order.find((status) => broken.some(({ rule }) => rule.breaks === status)) ?? 'passed',
    reasons: broken.map(({ text }) => text),
    notes: [...new Set(rounds.flatMap((round) => note(round, scenario)))],
  };
}

/** The worst of all, for there is one exit code. */
export function overall(statuses: readonly Status[]): Exclude<Status, 'not-applicable'> {
  if (statuses.includes('failed')) return 'failed';
  if (statuses.includes('inconclusive')) return 'inconclusive';
  if (statuses.includes('warning')) return 'warning';
  return statuses.includes('passed') ? 'passed' : 'inconclusive';
}

function tell(findings: readonly string[], rounds: number): string {
  const [first = ''] = findings;
  return rounds === 1 ? first : `${first} (${findings.length} of ${rounds} rounds)`;
}

function statusCodes(outcome: Outcome, records: Round['lost']): string {
  if (outcome !== 'unavailable') return '';
  const codes = new Set(records.filter((one) => one.outcome === outcome).map(({ code }) => code));
  return ` (${[...codes].join(', ')})`;
}

/**
 * Whether the process stayed although nothing was owed to a client any more: it needed a deadline, or its clients to
 * go.
 */
export function stayedIdle(round: Round, scenario: Scenario): boolean {
  if (round.killed || scenario.handsOver) return false;
  const limit = outlastedClients(round, scenario) ? OUTLASTED_MS : IDLE_MS;
  // Where the clients had to wait for the processor, so had the server.
  return idleTime(round) > limit + LAGS * round.lag.max;
}

function idleTime({ signalToExit, signalToRefused, lastOwedAnswer }: Round): number {
  return signalToExit - Math.max(lastOwedAnswer ?? 0, signalToRefused ?? 0);
}

function outlastedClients({ killed, outlastedLoad }: Round, { patient }: Scenario): boolean {
  return !killed && outlastedLoad && !patient;
}

/**
 * Code 0, or the signal itself, which some servers send themselves when they are done (as Puma), or 128 + its number.
 */
function isCleanExit({ code, signal: endSignal }: Exit, signal: NodeJS.Signals): boolean {
  if (endSignal) return endSignal === signal;
  return code === null || code === 0 || code === 128 + constants.signals[signal];
}

function note(round: Round, scenario: Scenario): string[] {
  const notes: string[] = [];
  const { exit, killed, leftBehind, signal } = round;
  if (!killed && exit.code !== 0 && isCleanExit(exit, signal) && describeExit(exit) !== 'gone')
    notes.push(`the process ended: ${describeExit(exit)}`);
  if (outlastedClients(round, scenario) && !stayedIdle(round, scenario)) {
    notes.push('the process ended only after the load did');
  }
  if (leftBehind) notes.push('the process ended before others that it had started');
  return notes;
}
