import type { EventEmitter } from 'node:events';
import { clearInterval, setInterval } from '../clock.ts';

/** How often a drain looks for members that left without a `close` event, in milliseconds. */
const SWEEP_MS = 100;

/** Fewest members that are looked through for those that left. */
const SWEEP_FROM = 64;

/** How a set learns that one of it has closed. */
export interface Watch<Key> {
  readonly on: (key: Key, onClose: (this: Key) => void) => void;
  readonly off: (key: Key, onClose: (this: Key) => void) => void;
}

const closeEvents: Watch<EventEmitter> = {
  on: (key, onClose) => key.on('close', onClose),
  off: (key, onClose) => key.off('close', onClose),
};

/** Things that are open until they close, with something known of each. */
export interface OpenSet<Key, Entry> {
  readonly entries: ReadonlyMap<Key, Entry>;
  readonly add: (key: Key, entry: Entry) => void;
  readonly remove: (key: Key) => void;
  /** Closes those that left without a `close` event. */
  readonly sweep: () => void;
  /** Resolves when none is left. */
  readonly whenEmpty: () => Promise<void>;
  readonly clear: () => void;
}

/**
 * @param closed - called when one of the set has closed
 * @param left - whether one has left without closing, as a socket that was passed on to another process
 * @param watch - how the close of one is learned of; its `close` event unless given
 */
export function createOpenSet<Key extends EventEmitter, Entry>(
  closed: (entry: Entry, key: Key) => void,
  left: (key: Key) => boolean = () => false,
  watch: Watch<Key> = closeEvents,
): OpenSet<Key, Entry> {
  const entries = new Map<Key, Entry>();
  let waiters: (() => void)[] = [];
  let sweepAt = SWEEP_FROM;
  let timer: NodeJS.Timeout | undefined;

  // One function for all: a closure for each would be most of what a tracked connection costs.
  function onClose(this: Key): void {
    close(this);
  }

  function close(key: Key): void {
    const entry = entries.get(key);
    if (entry === undefined) return;
    remove(key);
    closed(entry, key);
  }

  function remove(key: Key): void {
    if (!entries.delete(key)) return;
    watch.off(key, onClose);
    if (entries.size > 0) return;
    clearInterval(timer);
    timer = undefined;
    const ready = waiters;
    waiters = [];
    for (const resolve of ready) resolve();
  }

  function sweep(): void {
    for (const key of entries.keys()) if (left(key)) close(key);
  }

  return {
    entries,
    add: (key, entry) => {
      if (!entries.has(key)) watch.on(key, onClose);
      entries.set(key, entry);
      if (entries.size < sweepAt) return;
      // At each doubling, so that adding stays O(1) where connections are passed on without end.
      sweep();
      sweepAt = Math.max(SWEEP_FROM, entries.size * 2);
    },
    remove,
    sweep,
    whenEmpty: () =>
      new Promise((resolve) => {
        sweep();
        if (entries.size === 0) {
          resolve();
          return;
        }
        waiters.push(resolve);
        timer ??= setInterval(sweep, SWEEP_MS).unref();
      }),
    clear: () => {
      for (const key of entries.keys()) remove(key);
    },
  };
}
