import { types } from 'node:util';
import { nextTick, setImmediate } from '../clock.ts';
import { beginsWork } from './begins-work.ts';
import { awaitProgram, leaveEndToProgram } from './exit.ts';
import { runningStops, watchStops } from './stops.ts';

type Listener = (...args: unknown[]) => unknown;

/** A function in place of a listener, which is its property `listener`: `once` of Node makes such, and so do we. */
interface Wrapper extends Listener {
  readonly listener: Listener;
}

/** Calls of the program's own listeners that are held back. */
const held = new Map<Wrapper, () => void>();

/** What each of our wrappers stands for: a listener, or the wrapper that `once` made of it. */
const originals = new WeakMap<Listener, Listener>();

/**
 * Puts the program's own listeners of a signal, those that it adds later included, behind ours, and keeps them back
 * while a stop runs until no client can be lost any more by what they do: a close of the server or of its connections,
 * an exit, a 503 of a framework that is closing are what such listeners are for. While nothing is shutting down they
 * are called as ever; `process.listeners` and `process.off` know them as they were.
 *
 * A listener that `process.listeners` does not show stays in front: tsx has one, which reports the signal to the process
 * that started the program, and without that report tsx sends SIGKILL after 30 ms.
 *
 * The listener `first` stays all the time: Node closes its signal handle with the last listener, and a signal that has
 * arrived and is not delivered yet would be lost with the handle.
 *
 * @returns a function that leaves them to Node again
 */
export function holdProgramListeners(signal: NodeJS.Signals, first: Listener): () => void {
  let due = false;

  function arrange(change: (listener: Listener) => Listener): void {
    due = true;
    const shown = process.listeners(signal) as Listener[];
    const all = process.rawListeners(signal) as (Listener & Partial<Wrapper>)[];
    const isShown = (each: Listener & Partial<Wrapper>): boolean => shown.includes(each.listener ?? each);
    const others = all.filter((listener) => listener !== first && isShown(listener));
    if (!shown.includes(first)) process.prependListener(signal, first);
    for (const listener of all) {
      if (!isShown(listener)) process.off(signal, listener).prependListener(signal, listener);
    }
    for (const listener of others) process.off(signal, listener);
    for (const listener of others) process.on(signal, change(listener));
    due = false;
  }

  /** Node calls this before it adds the listener, which is wrapped before the loop turns and a signal is delivered. */
  function onNewListener(event: string | symbol): void {
    if (event !== signal || due) return;
    due = true;
    nextTick(() => due && arrange((listener) => wrap(signal, listener)));
  }

  arrange((listener) => wrap(signal, listener));
  process.on('newListener', onNewListener);
  return () => {
    process.off('newListener', onNewListener);
    arrange((listener) => originals.get(listener) ?? listener);
  };
}

/** Whether the program has a listener of its own for this signal: what it does then comes after the drain. */
export function programListens(signal: string): boolean {
  return process.listenerCount(signal) > 1;
}

function wrap(signal: NodeJS.Signals, original: Listener): Listener {
  if (originals.has(original)) return original;
  const { listener } = original as Partial<Wrapper>;
  const wrapper: Wrapper = Object.assign(
    (...args: unknown[]): unknown => {
      // The wrapper of `once` would take itself off the list, in which this one is instead.
      if (listener !== undefined) process.off(signal, wrapper);
      const call = (): unknown => original.apply(process, args);
      if (!mustHold()) return runningStops().length > 0 ? callInStop(call) : call();
      if (held.has(wrapper)) return undefined;
      for (const stop of runningStops()) stop.note(`${signal} listener`, 'held back');
      held.set(wrapper, () => callInStop(call));
      return undefined;
    },
    { listener: listener ?? original },
  );
  originals.set(wrapper, original);
  return wrapper;
}

const mustHold = (): boolean => runningStops().some(({ calm }) => !calm);

watchStops(() => {
  if (held.size === 0 || mustHold()) return;
  const calls = [...held.values()];
  held.clear();
  for (const call of calls) {
    try {
      call();
    } catch (error) {
      // Uncaught, as it would have been; the others are called all the same.
      setImmediate(() => {
        throw error;
      });
    }
  }
});

function callInStop(call: () => unknown): void {
  const { result, began } = beginsWork(call);
  if (types.isPromise(result)) awaitProgram(result);
  else if (began) leaveEndToProgram();
}
