import { performance } from 'node:perf_hooks';

/** Milliseconds on a clock that never jumps. */
export function now(): number {
  return performance.now();
}

/** How far `coarseNow` may be behind, in milliseconds. */
const COARSE_MS = 100;

let coarse = 0;
let fresh = false;

/** As `now`, in whole milliseconds and up to 100 of them behind. Cheap enough to be asked for each request. */
export function coarseNow(): number {
  if (fresh) return coarse;
  fresh = true;
  coarse = Math.round(now());
  setTimeout(expire, COARSE_MS).unref();
  return coarse;
}

function expire(): void {
  fresh = false;
}

/** One whole turn of the event loop, poll for new events included. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** A point in time that work must not outlive. */
export interface Deadline {
  /** Milliseconds left, never below 0. */
  readonly left: () => number;
  readonly expired: () => boolean;
  /** Resolves with what `work` gives, or with undefined at the deadline; `work` itself is not stopped. */
  readonly race: <T>(work: Promise<T>) => Promise<T | undefined>;
}

/** @param milliseconds - from `start`, which is now unless given */
export function createDeadline(milliseconds: number, start: number = now()): Deadline {
  const end = start + milliseconds;
  const left = (): number => Math.max(0, end - now());
  return {
    left,
    expired: () => left() === 0,
    race: async (work) => {
      let timer: NodeJS.Timeout | undefined;
      const limit = new Promise<undefined>((resolve) => {
        timer = setTimeout(() => resolve(undefined), left());
      });
      try {
        return await Promise.race([work, limit]);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
