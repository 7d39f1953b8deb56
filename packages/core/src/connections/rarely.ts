import { now } from '../clock.ts';

/** An answer holds for this many times the time that it took. */
const HOLD_TIMES = 10;

/**
 * Asks again only when the last answer no longer holds: however often it is called, a tenth of the time goes into it.
 */
export function rarely<T>(ask: () => T): () => T {
  let until = -Infinity;
  let answer: T;
  return () => {
    const start = now();
    if (start < until) return answer;
    answer = ask();
    const end = now();
    until = end + (end - start) * HOLD_TIMES;
    return answer;
  };
}
