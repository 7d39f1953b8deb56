import { askToExit } from './exit.ts';
import { isOwnSignal } from './guard.ts';
import { holdProgramListeners } from './program-listeners.ts';
import { shared } from './registry.ts';
import { runningStops } from './stops.ts';

export interface SignalHandlers {
  /** Called with the first signal. */
  readonly begin: (signal: NodeJS.Signals) => void;
  /** Called with a later one, once `secondSignalDelay` has passed since the first. */
  readonly force: (signal: NodeJS.Signals) => void;
}

type Watcher = (signal: NodeJS.Signals) => void;

interface Watched {
  readonly watchers: Set<Watcher>;
  readonly stop: () => void;
}

/** One listener on the process for each signal, however many coordinators and copies of this package there are. */
const watched = shared<Map<NodeJS.Signals, Watched>>('signals', Map);

function add(signal: NodeJS.Signals, watcher: Watcher): void {
  const known = watched.get(signal);
  if (known !== undefined) {
    known.watchers.add(watcher);
    return;
  }
  const watchers = new Set([watcher]);
  const listener: Watcher = (name) => {
    if (runningStops().length > 0 && isOwnSignal(name)) askToExit(0);
    else for (const each of watchers) each(name);
  };
  // Never `process.once`: the next signal would take its default action, in the middle of a drain.
  process.prependListener(signal, listener);
  const letGo = holdProgramListeners(signal, listener as (...args: unknown[]) => void);
  watched.set(signal, {
    watchers,
    stop: () => {
      letGo();
      process.off(signal, listener);
    },
  });
}

function remove(signal: NodeJS.Signals, watcher: Watcher): void {
  const known = watched.get(signal);
  if (known === undefined || !known.watchers.delete(watcher) || known.watchers.size > 0) return;
  watched.delete(signal);
  known.stop();
}

/**
 * Listens for signals; returns a function that stops listening.
 *
 * A second signal forces only `secondSignalDelay` milliseconds after the first: terminals signal the whole process
 * group while npm and pnpm pass the same signal on (pnpm/pnpm#7374).
 */
export function watchSignals(
  signals: readonly NodeJS.Signals[],
  secondSignalDelay: number,
  { begin, force }: SignalHandlers,
): () => void {
  let begun = false;
  let forces = false;
  const watcher: Watcher = (signal) => {
    if (forces) force(signal);
    if (begun) return;
    begun = true;
    forces = secondSignalDelay === 0;
    // A poll later: where the event loop was busy, a signal that is read now may have come long before.
    const afterPoll = (): unknown => setImmediate(() => (forces = true));
    setTimeout(afterPoll, secondSignalDelay).unref();
    begin(signal);
  };
  for (const signal of signals) add(signal, watcher);
  return () => {
    for (const signal of signals) remove(signal, watcher);
  };
}
