import { clearTimeout, now, setImmediate, setTimeout } from '../clock.ts';

/** Longest work on connections in one turn of the event loop, in milliseconds. */
export const SLICE_MS = 5;

/** Does the same with many items, each at its own time: one timer for all that are due in the same millisecond. */
export interface Schedule<Item> {
  /** Sets when `act` is called with an item: `delay` milliseconds from now, in place of what was set before. */
  readonly set: (item: Item, delay: number) => void;
  readonly stop: () => void;
}

/**
 * What is due is done after the poll, since timers come before it: where the loop is late, what arrived in time waits
 * in the kernel. Thousands that are due at once are done in slices, so that requests in flight beside them are not
 * delayed. The timers do not hold the event loop: the connections do, as long as they are open.
 */
export function createSchedule<Item>(act: (item: Item) => void): Schedule<Item> {
  const due = new Map<Item, number>();
  const timers = new Map<number, { readonly items: Item[]; readonly timer: NodeJS.Timeout }>();
  let ready: [at: number, items: Item[]][] = [];
  let running = false;

  function expire(at: number): void {
    const items = timers.get(at)?.items ?? [];
    timers.delete(at);
    ready.push([at, items.toReversed()]);
    if (!running) setImmediate(run);
    running = true;
  }

  function run(): void {
    const end = now() + SLICE_MS;
    try {
      for (const [at, items] of ready) {
        for (let item = items.pop(); item !== undefined; item = items.pop()) {
          // The item may have got another time since.
          if (due.get(item) !== at) continue;
          due.delete(item);
          act(item);
          if (now() > end) return;
        }
      }
    } finally {
      ready = ready.filter(([, items]) => items.length > 0);
      running = ready.length > 0;
      if (running) setImmediate(run);
    }
  }

  return {
    set: (item, delay) => {
      const time = now();
      const at = Math.ceil(time + delay);
      due.set(item, at);
      const same = timers.get(at);
      if (same !== undefined) same.items.push(item);
      else timers.set(at, { items: [item], timer: setTimeout(expire, Math.max(0, at - time), at).unref() });
    },
    stop: () => {
      for (const { timer } of timers.values()) clearTimeout(timer);
      timers.clear();
      due.clear();
      ready = [];
    },
  };
}
