import type { EventEmitter } from 'node:events';

/** Things that are open until their `close` event, with something known of each. */
export interface OpenSet<Key, Entry> {
  readonly entries: ReadonlyMap<Key, Entry>;
  readonly add: (key: Key, entry: Entry) => void;
  readonly remove: (key: Key) => void;
  /** Resolves when none is left. */
  readonly whenEmpty: () => Promise<void>;
  readonly clear: () => void;
}

/** @param closed - called when one of the set has closed */
export function createOpenSet<Key extends EventEmitter, Entry>(
  closed: (entry: Entry, key: Key) => void,
): OpenSet<Key, Entry> {
  const entries = new Map<Key, Entry>();
  let waiters: (() => void)[] = [];

  // One function for all: a closure for each would be most of what a tracked connection costs.
  function onClose(this: Key): void {
    const entry = entries.get(this);
    if (entry === undefined) return;
    remove(this);
    closed(entry, this);
  }

  function remove(key: Key): void {
    key.off('close', onClose);
    entries.delete(key);
    if (entries.size > 0) return;
    const ready = waiters;
    waiters = [];
    for (const resolve of ready) resolve();
  }

  return {
    entries,
    add: (key, entry) => {
      if (!entries.has(key)) key.on('close', onClose);
      entries.set(key, entry);
    },
    remove,
    whenEmpty: () =>
      new Promise((resolve) => {
        if (entries.size === 0) resolve();
        else waiters.push(resolve);
      }),
    clear: () => {
      for (const key of entries.keys()) remove(key);
    },
  };
}
