import type { Kind } from '../measure/attempt.ts';
import { sumCounts, type LostOutcome } from '../measure/outcome.ts';
import type { Round } from '../stop/round.ts';
import { stayedIdle } from './verdict.ts';
import type { Scenario } from '../scenarios/scenario.ts';

/** Clients that open a connection for each request. */
const opening: ReadonlySet<Kind> = new Set<Kind>(['newConnection', 'tls', 'arrivals']);
const resets: readonly LostOutcome[] = ['reset', 'reset-before-accept'];

/** What to fix, most likely cause first. */
export function advise(scenario: Scenario, rounds: readonly Round[]): string[] {
  const counts = sumCounts(rounds);
  const lost = (...outcomes: LostOutcome[]): boolean => outcomes.some((outcome) => counts[outcome] > 0);
  const advice: string[] = [];
  const signal = rounds[0]?.signal ?? 'SIGTERM';
  const died = rounds.some(({ exit, killed }) => !killed && exit.signal === signal);

  if (lost('reset', 'reset-before-accept', 'empty', 'cut') && died) {
    return [
      `The process died of ${signal} with requests in its hands. Handle the signal: stop accepting, finish what is in ` +
        'flight, then exit. If something handles it already, it lets the process die too early.',
    ];
  }
  if (lost(...resets) && opening.has(scenario.kind)) {
    advice.push(
      'Connections in the accept queue or in the middle of their handshake were reset when the listening socket was ' +
        'closed. Take the listener off the network first, let those in, and close it then; or keep traffic away before ' +
        'the signal.',
    );
  } else if (lost(...resets)) {
    advice.push(
      'Connections were closed with a request on its way or unread. Say "Connection: close" on answers from the signal ' +
        'on, leave idle connections open for a moment, and close with FIN first, reading what still comes.',
    );
  }
  if (lost('empty')) {
    advice.push(
      'Connections were ended without an answer to the request on them. Wait for every request that was begun, half-sent ' +
        'heads and pipelined ones too, before connections are closed.',
    );
  }
  if (lost('cut') && scenario.kind === 'webSocket') {
    advice.push('WebSockets ended without a Close frame. Send Close 1001 and wait for the reply.');
  } else if (lost('cut') && scenario.kind === 'eventStream') {
    advice.push(
      'Event streams were torn off. End each response on the signal, so that clients reconnect elsewhere.',
    );
  } else if (lost('cut')) {
    advice.push(
      'Answers were cut in the middle. Exit only when the last response has been written and read.',
    );
  }
  if (lost('unavailable')) {
    advice.push(
      'Requests were accepted and then answered 5xx because the server was leaving. Close the listener before anything ' +
        'starts to say no, and serve what was accepted.',
    );
  }
  if (lost('hung')) {
    advice.push(
      scenario.patient
        ? 'Clients held the server up until its time was over. End such connections yourself when the signal comes.'
        : 'Requests were accepted and never answered. Whatever serves them must outlive the drain.',
    );
  }
  if (rounds.some(({ killed, signalToRefused }) => killed && signalToRefused === null)) {
    advice.push(
      `${signal} had no effect. Handle it, and make sure that it reaches the server and not only its shell.`,
    );
  } else if (rounds.some(({ killed }) => killed)) {
    advice.push(
      'The process stayed until it was killed. Put a deadline on the drain that is shorter than the platform’s.',
    );
  }
  if (rounds.some((round) => stayedIdle(round, scenario))) {
    advice.push(
      'The process stayed although nothing was left to answer. Close idle connections once the listener is closed, and ' +
        'end timers, pools and workers, so that the stop does not wait for its deadline.',
    );
  }
  return advice;
}
