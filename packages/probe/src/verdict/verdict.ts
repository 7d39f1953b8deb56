import { countAttempts, countLost, emptyCounts, isLost, outcomeNames, outcomes } from '../measure/outcome.ts';
import { formatCount, formatTime } from '../measure/numbers.ts';
import type { Round } from '../stop/round.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { describeExit } from '../server/server.ts';

/**
 * - `passed`: all rules held
 * - `failed`: one of them did not
 * - `inconclusive`: the load says nothing about the server
 * - `not-applicable`: the server has nothing that the scenario is about
 */
export type Status = 'passed' | 'failed' | 'inconclusive' | 'not-applicable';

export interface Verdict {
  readonly status: Status;
  /** Why the scenario has not passed, one sentence each. */
  readonly reasons: readonly string[];
  /** Facts that break no rule, one sentence each. */
  readonly notes: readonly string[];
}

interface Rule {
  readonly breaks: 'failed' | 'inconclusive';
  /** What is wrong with a round, if anything is. */
  readonly look: (round: Round, scenario: Scenario) => string | undefined;
}

/** Rules in the order of the report. The README has them in words. */
const rules: readonly Rule[] = [
  {
    breaks: 'failed',
    look: ({ counts, lostBeforeSignal }) => {
      const lost = countLost(counts);
      if (lost === 0) return undefined;
      const kinds = outcomes
        .filter((outcome) => isLost(outcome) && counts[outcome] > 0)
        .map((outcome) => `${formatCount(counts[outcome])} ${outcomeNames[outcome]}`);
      const before =
        lostBeforeSignal > 0 ? ` (${formatCount(lostBeforeSignal)} of them before the signal)` : '';
      return `lost ${formatCount(lost)} of ${formatCount(countAttempts(counts))}: ${kinds.join(', ')}${before}`;
    },
  },
  {
    breaks: 'failed',
    look: ({ killed, signal, signalToExit, signalToRefused }, { handsOver }) => {
      if (!killed) return undefined;
      const after = `${formatTime(signalToExit)} after ${signal}`;
      return signalToRefused === null && !handsOver
        ? `ignored ${signal}: it still accepted connections ${after}`
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
    look: ({ signalToRefused, killed, outlastedLoad, signal }, { handsOver }) => {
      if (signalToRefused !== null || killed || handsOver) return undefined;
      return outlastedLoad
        ? `still accepted connections when the load ended: give it more time with --exit-timeout`
        : `connections were accepted after the process was gone: does something else listen there, or was ${signal} not for the server?`;
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
        ? 'nobody was answered'
        : undefined,
  },
  {
    breaks: 'inconclusive',
    look: ({ clientErrors }) => {
      const failures = Object.entries(clientErrors).map(([code, count]) => `${count} × ${code}`);
      return failures.length === 0 ? undefined : `connections failed on this side: ${failures.join(', ')}`;
    },
  },
];

export function judge(scenario: Scenario, rounds: readonly Round[]): Verdict {
  const broken = rules.flatMap((rule) => {
    const findings = rounds.map((round) => rule.look(round, scenario));
    const found = findings.filter((finding) => finding !== undefined);
    return found.length === 0 ? [] : [{ rule, text: tell(found, rounds.length) }];
  });
  const failed = broken.some(({ rule }) => rule.breaks === 'failed');
  return {
    status: failed ? 'failed' : broken.length > 0 ? 'inconclusive' : 'passed',
    reasons: broken.map(({ text }) => text),
    notes: [...new Set(rounds.flatMap((round) => note(round, scenario)))],
  };
}

/** The worst of all, for there is one exit code. */
export function overall(statuses: readonly Status[]): Exclude<Status, 'not-applicable'> {
  if (statuses.includes('failed')) return 'failed';
  return statuses.includes('passed') && !statuses.includes('inconclusive') ? 'passed' : 'inconclusive';
}

function tell(findings: readonly string[], rounds: number): string {
  const [first = ''] = findings;
  return rounds === 1 ? first : `${first} (${findings.length} of ${rounds} rounds)`;
}

function note(round: Round, { patient }: Scenario): string[] {
  const notes: string[] = [];
  const { exit, killed, outlastedLoad, leftBehind } = round;
  if (!killed && exit.code !== 0 && describeExit(exit) !== 'gone')
    notes.push(`the process ended: ${describeExit(exit)}`);
  if (!killed && outlastedLoad && !patient) {
    notes.push('the process ended only after the load did');
  }
  if (leftBehind) notes.push('the process ended before others that it had started');
  return notes;
}
