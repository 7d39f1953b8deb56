import { now } from '../../clock.ts';
import type { DrainLimits } from '../../drain/limits.ts';
import type { Http1Connection } from './request-channel.ts';

/** What it takes to end an idle connection, in milliseconds. */
const END_MS = 0.05;

/** Shortest such time of all idle connections together for which some of them begin early, in milliseconds. */
const EARLY_MS = 25;

/**
 * How much of its grace a connection has used, in milliseconds. The grace of all that were open begins with the drain.
 */
export interface UsedGrace {
  /** The drain begins. @param count - of the connections that are idle */
  readonly start: (count: number) => void;
  readonly of: (connection: Http1Connection) => number;
}

/**
 * Where very many are idle, those that were so for longer than the grace before the drain end one after the other
 * before it is over, and not all at its end.
 */
export function createUsedGrace(limits: () => DrainLimits): UsedGrace {
  let started = 0;
  let early = 0;
  return {
    start: (count) => {
      started = now();
      early = Math.min(limits().keepAliveGrace, count * END_MS);
      if (early < EARLY_MS) early = 0;
    },
    of: ({ since }) => {
      if (since >= started) return 0;
      const used = now() - started;
      if (since >= started - limits().keepAliveGrace) return used;
      const all = used + early;
      early = Math.max(0, early - END_MS);
      return all;
    },
  };
}
