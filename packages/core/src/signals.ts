import { constants } from 'node:os';
import { now } from './clock.ts';

export interface SignalHandlers {
  /** Called with the first signal. */
  readonly begin: (signal: NodeJS.Signals) => void;
  /** Called with a later one, once `secondSignalDelay` has passed since the first. */
  readonly force: (signal: NodeJS.Signals) => void;
}

/**
 * Listens for signals; returns a function that stops listening.
 *
 * A second signal forces only `secondSignalDelay` milliseconds after the first: terminals signal the whole process
 * group while npm and pnpm pass the same signal on (pnpm/pnpm#7374). Never `process.once`: the next signal would take
 * its default action and kill the process in the middle of its drain.
 */
export function watchSignals(
  signals: readonly NodeJS.Signals[],
  secondSignalDelay: number,
  { begin, force }: SignalHandlers,
): () => void {
  let first: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (first === undefined) {
      first = now();
      begin(signal);
    } else if (now() - first >= secondSignalDelay) {
      force(signal);
    }
  };
  for (const signal of signals) process.on(signal, onSignal);
  return () => {
    for (const signal of signals) process.off(signal, onSignal);
  };
}

/** The exit code of a process that a signal ended, as a shell tells it: 128 + its number. */
export function signalExitCode(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
