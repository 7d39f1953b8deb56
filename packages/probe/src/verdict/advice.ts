import { basename } from 'node:path';
import type { Kind } from '../measure/attempt.ts';
import { countLost, isLost, outcomes, sumCounts, type LostOutcome } from '../measure/outcome.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import type { Round } from '../stop/round.ts';
import { describeStop } from '../stop/stop.ts';
import { stayedIdle } from './verdict.ts';

/** Clients that open a connection for each request. */
const opening: ReadonlySet<Kind> = new Set<Kind>(['newConnection', 'tls', 'arrivals']);

/** A server that accepts connections for so long after the signal has not heeded it. */
const SERVED_ON_MS = 5_000;

/** What to fix, most likely cause first. */
export function advise(scenario: Scenario, rounds: readonly Round[]): string[] {
  const [first] = rounds;
  if (!first) return [];
  const stop = describeStop(first);
  const lost = lostOutcomes(rounds);
  const fatal = ['reset', 'reset-before-accept', 'empty', 'cut'] as const;
  const died = rounds.some(({ exit, killed, signal }) => !killed && exit.signal === signal);
  if (died && rounds.some(({ leftBehind }) => leftBehind)) return [adviseOnLauncher(first)];
  if (died && fatal.some((outcome) => lost.has(outcome))) {
    return [
      `The process died of ${stop} with requests in its hands. Handle the signal: stop accepting, finish what is in ` +
        'flight, then exit. If something handles it already, it lets the process die too early.',
    ];
  }
  if (rounds.some(wasKilled)) {
    return [
      'The server went on as if nothing had happened, and lost requests when it went: it was probably killed when its ' +
        'grace was over. Process 1 of a container ignores SIGTERM unless it handles it, and a shell or npm as process 1 ' +
        'may not pass it on.',
    ];
  }
  return [
    ...adviseOnResets(scenario, lost),
    ...adviseOnAnswers(scenario, lost, rounds),
    ...adviseOnExit(scenario, rounds, stop),
  ];
}

function lostOutcomes(rounds: readonly Round[]): ReadonlySet<LostOutcome> {
  const counts = sumCounts(rounds);
  return new Set(
    outcomes.filter((outcome): outcome is LostOutcome => isLost(outcome) && counts[outcome] > 0),
  );
}

/** The process that got the signal ended, and left others in its group: the server is one of those. */
function adviseOnLauncher({ command, signal }: Round): string {
  const name = basename(command[0] ?? '');
  const program = name === '' || name === 'env' ? 'The command' : name;
  return (
    `${program} got ${signal}, and ended without the processes that it had started: the server is one of them. Start ` +
    'the server itself, or signal all of them with --group.'
  );
}

/**
 * How the process ended is not known, and it looks like a kill: the server served on for long, and lost what it had.
 */
function wasKilled({ counts, exit, signalToRefused }: Round): boolean {
  const known = exit.code !== null || exit.signal !== null;
  return !known && countLost(counts) > 0 && (signalToRefused ?? 0) > SERVED_ON_MS;
}

function adviseOnResets({ kind }: Scenario, lost: ReadonlySet<LostOutcome>): string[] {
  if (!lost.has('reset') && !lost.has('reset-before-accept')) return [];
  return [
    opening.has(kind)
      ? 'Connections in the accept queue or in the middle of their handshake were reset when the listening socket was ' +
        'closed. Take the listener off the network first, let those in, and close it then; or keep traffic away before ' +
        'the signal.'
      : 'Connections were closed with a request on its way or unread. Say "Connection: close" on answers from the signal ' +
        'on, leave idle connections open for a moment, and close with FIN first, reading what still arrives.',
  ];
}

function adviseOnAnswers(
  { kind, patient }: Scenario,
  lost: ReadonlySet<LostOutcome>,
  rounds: readonly Round[],
): string[] {
  const advice: string[] = [];
  if (lost.has('empty')) {
    advice.push(
      'Connections were ended without an answer to the request on them. Wait for every request that was begun, half-sent ' +
        'heads and pipelined ones too, before connections are closed.',
    );
  }
  if (lost.has('cut')) advice.push(cutAdvice[kind] ?? cutAnswers);
  if (lost.has('unavailable')) advice.push(...adviseOnErrors(rounds));
  if (lost.has('hung')) {
    advice.push(
      patient
        ? 'Clients held the server up until its time was over. End such connections yourself when the signal comes.'
        : 'Requests were accepted and never answered. Whatever serves them must outlive the drain.',
    );
  }
  return advice;
}

const cutAnswers =
  'Answers were cut in the middle. Exit only when the last response has been written and read.';
const cutAdvice: Readonly<Partial<Record<Kind, string>>> = {
  webSocket: 'WebSockets ended without a Close frame. Send Close 1001 and wait for the reply.',
  eventStream:
    'Event streams were torn off. End each response on the signal, so that clients reconnect elsewhere.',
};

function adviseOnErrors(rounds: readonly Round[]): string[] {
  const errors = rounds.flatMap(({ lost }) => lost.filter(({ outcome }) => outcome === 'unavailable'));
  const codes = [...new Set(errors.map(({ code }) => code ?? ''))];
  const advice: string[] = [];
  if (codes.some((code) => code.startsWith('5'))) {
    advice.push(
      'Requests were accepted and then answered 5xx because the server was leaving. Close the listener before anything ' +
        'starts to say no, and serve what was accepted.',
    );
  }
  const refusals = codes.filter((code) => code.startsWith('4'));
  if (refusals.length > 0) {
    advice.push(
      `Requests were answered ${refusals.join(', ')}. If a limit of the server does that under load, lower --clients or ` +
        'raise the limit; if that is the answer to expect, say so with --allow-4xx.',
    );
  }
  return advice;
}

function adviseOnExit(scenario: Scenario, rounds: readonly Round[], stop: string): string[] {
  if (rounds.some(({ killed, signalToRefused }) => killed && signalToRefused === null)) {
    return [
      `The server did not heed ${stop}. Handle it, and make sure that it reaches the server and not only its shell.`,
    ];
  }
  if (rounds.some(({ killed }) => killed)) {
    return [
      'The process stayed until it was killed. Put a deadline on the drain that is shorter than the platform’s.',
    ];
  }
  if (!rounds.some((round) => stayedIdle(round, scenario))) return [];
  return [
    'The process stayed although nothing was left to answer. Close idle connections once the listener is closed, and ' +
      'end timers, pools and workers, so that the stop does not wait for its deadline.',
  ];
}
