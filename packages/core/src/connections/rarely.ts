import { now } from '../clock.ts';

/** The time for which an answer holds is this many times what it took. */
const SHARE = 10;

/** Asks again only when the last answer is ten times as old as it took: however often it is called, that is a tenth of the time. */
export function rarely<T>(ask: () => T): () => T {
  let until = -Infinity;
  let answer: T;
  return () => {
    const start = now();
    if (start < until) return answer;
    answer = ask();
    const end = now();
    until = end + (end - start) * SHARE;
    return answer;
  };
}
