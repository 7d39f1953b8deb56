import { clearImmediate, setImmediate, setTimeout } from '../clock.ts';
import { askToExit } from './exit.ts';
import { isOwnSignal } from './guard.ts';
import { isStopping } from './guarded.ts';
import { holdProgramListeners } from './program-listeners.ts';
import { shared } from './registry.ts';
import { thisWorker } from './node-cluster.ts';
import { unfinishedStops } from './stops.ts';

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
  // Not the name that the listener is called with: `process.emit('SIGTERM')` of the program gives none.
  const listener = (): void => {
    if (isStopping() && isOwnSignal(signal)) askToExit(0);
    else for (const each of watchers) each(signal);
  };
  // Never `process.once`: the next signal would take its default action, in the middle of a drain.
  process.prependListener(signal, listener);
  const letGo = holdProgramListeners(signal, listener);
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
  const joining = joinStop(signals, watcher);
  return () => {
    clearImmediate(joining);
    for (const signal of signals) remove(signal, watcher);
  };
}

/**
 * Stops a coordinator that is made in the middle of a stop as well, in the next turn, when it has its servers: the
 * process exits at the end of that stop. Not where it goes on: `exit: false`. In a worker of a cluster the primary orders it.
 */
function joinStop(signals: readonly NodeJS.Signals[], watcher: Watcher): NodeJS.Immediate | undefined {
  if (thisWorker() !== undefined) return undefined;
  const signal = unfinishedStops().find(
    (stop) => stop.exits !== false && stop.signal !== undefined && signals.includes(stop.signal),
  )?.signal;
  return signal === undefined ? undefined : setImmediate(watcher, signal);
}
