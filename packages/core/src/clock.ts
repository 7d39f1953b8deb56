import { performance } from 'node:perf_hooks';

/**
 * Timers as they are when this is loaded, for the whole package: tests put fake ones in their place, which stand still, and
 * wait for a server to close all the same.
 */
export const setTimeout: typeof globalThis.setTimeout = globalThis.setTimeout;
export const clearTimeout: typeof globalThis.clearTimeout = globalThis.clearTimeout;
export const setInterval: typeof globalThis.setInterval = globalThis.setInterval;
export const clearInterval: typeof globalThis.clearInterval = globalThis.clearInterval;
export const setImmediate: typeof globalThis.setImmediate = globalThis.setImmediate;
export const clearImmediate: typeof globalThis.clearImmediate = globalThis.clearImmediate;
export const nextTick: typeof process.nextTick = process.nextTick.bind(process);

/** Milliseconds on a clock that never jumps. */
export function now(): number {
  return performance.now();
}

/**
 * Resolves in the next check phase of the event loop. Between two calls in a row lies one poll for new events; the
 * first after an event, such as a signal, may have none.
 */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/**
 * Resolves after that time; at once if it is negative, as it is where the process stood still after it had read the
 * clock. Node would print a `TimeoutNegativeWarning`.
 */
export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, Math.max(0, milliseconds));
  });
}

/** Calls back again and again, until the returned function is called. */
export function every(milliseconds: number, callback: () => void): () => void {
  const timer = setInterval(callback, milliseconds);
  return () => clearInterval(timer);
}

/** A point in time that work must not outlive. */
export interface Deadline {
  /** When it was made, on the clock of `now()`. */
  readonly since: number;
  /** Milliseconds left, never below 0. */
  readonly left: () => number;
  readonly expired: () => boolean;
  /** Resolves with what `work` gives, or with undefined at the deadline; `work` itself is not stopped. */
  readonly race: <T>(work: Promise<T>) => Promise<T | undefined>;
  /** Moves the deadline to `milliseconds` from now, if that is earlier by a millisecond or more. */
  readonly shorten: (milliseconds: number) => void;
  /** Calls `listener` each time that the deadline was moved; returns a function that stops that. */
  readonly onShortened: (listener: () => void) => () => void;
}

/** @param milliseconds - from now */
export function createDeadline(milliseconds: number): Deadline {
  const since = now();
  let end = since + milliseconds;
  const listeners = new Set<() => void>();
  const left = (): number => Math.max(0, end - now());

  function onShortened(listener: () => void): () => void {
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }

  return {
    since,
    left,
    expired: () => left() === 0,
    onShortened,
    shorten: (earlier) => {
      if (now() + earlier > end - 1) return;
      end = now() + earlier;
      for (const listener of listeners) listener();
    },
    race: async (work) => {
      let timer: NodeJS.Timeout | undefined;
      let forget = (): void => {};
      const limit = new Promise<undefined>((resolve) => {
        const arm = (): void => {
          clearTimeout(timer);
          timer = setTimeout(() => resolve(undefined), left());
        };
        arm();
        forget = onShortened(arm);
      });
      try {
        return await Promise.race([work, limit]);
      } finally {
        clearTimeout(timer);
        forget();
      }
    },
  };
}

/**
 * A deadline that is earlier than another one, and is shortened with it.
 *
 * @param share - milliseconds left of the earlier one, by those left of the later one
 */
export function deadlineBefore(later: Deadline, share: (left: number) => number): Deadline {
  const earlier = createDeadline(share(later.left()));
  later.onShortened(() => earlier.shorten(share(later.left())));
  return earlier;
}
