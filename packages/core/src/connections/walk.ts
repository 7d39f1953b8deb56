import { clearImmediate, setImmediate, turn } from '../clock.ts';

/** Most connections that are looked at in one turn of the event loop: a look at a new one takes 2 to 5 µs. */
const MAX_IN_TURN = 500;

/** Does something once with each of many connections, a bounded number in a turn, so that requests are not delayed. */
export interface Walk<Item> {
  /** Takes a set over. One that fits into a turn is dealt with before this returns. */
  readonly add: (items: Set<Item>) => void;
  /** Leaves one out. Returns whether it was still to come. */
  readonly drop: (item: Item) => boolean;
  /** How many are still to come. */
  readonly left: () => number;
  /** Deals with the rest at once. */
  readonly finish: () => void;
  /** Resolves when none is left. */
  readonly done: () => Promise<void>;
  readonly stop: () => void;
}

/** @param act - called with the items of one turn */
export function createWalk<Item>(act: (items: readonly Item[]) => void): Walk<Item> {
  let coming = new Set<Item>();
  let next: NodeJS.Immediate | undefined;

  function go(most = MAX_IN_TURN): void {
    const items: Item[] = [];
    for (const item of coming) {
      if (items.length === most) break;
      coming.delete(item);
      items.push(item);
    }
    next = coming.size > 0 ? setImmediate(go) : undefined;
    act(items);
  }

  return {
    add: (items) => {
      if (coming.size === 0) coming = items;
      else for (const item of items) coming.add(item);
      if (coming.size > MAX_IN_TURN) next ??= setImmediate(go);
      else if (next === undefined) go();
    },
    drop: (item) => coming.delete(item),
    left: () => coming.size,
    finish: () => go(coming.size),
    done: async () => {
      while (coming.size > 0) await turn();
    },
    stop: () => {
      clearImmediate(next);
      coming.clear();
    },
  };
}
