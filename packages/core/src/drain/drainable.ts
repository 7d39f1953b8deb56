import { cutInTurn, sumCounts, type ConnectionTotals } from './connections.ts';
import type { ConnectionCounts, CutConnection, ListenerReport } from '../api/report.ts';
import type { DrainLimits } from './limits.ts';
import type { CloseOptions } from '../listener/close.ts';

/** What a coordinator drains: its servers, work and threads, and in a primary the workers of the cluster. */
export interface Drainable {
  readonly counts: () => ConnectionCounts;
  /** Connections that may still bring a request, or that owe an answer; of a primary, workers not yet told to drain. */
  readonly unsettled: () => number;
  /** Names of at most `limit` things that a drain waits for. */
  readonly waiting: (limit: number) => readonly string[];
  /** Makes every response say `Connection: close` from now on. */
  readonly announce: () => void;
  /** Takes every listener off the network before it returns, and begins to drain. */
  readonly close: (options: DrainOptions) => void;
  /** Resolves when all listeners are closed. */
  readonly closed: () => Promise<readonly ListenerReport[]>;
  /** Resolves when, besides, nothing is left to wait for. */
  readonly drained: () => Promise<unknown>;
  /**
   * Destroys what is left.
   * @param enough - asked after each connection; it may be called again for the rest
   */
  readonly cut: (enough?: () => boolean) => readonly CutConnection[];
  readonly totals: () => readonly ConnectionTotals[];
  readonly release: () => void;
}

/** Several drainables as one. */
export function combine(parts: readonly Drainable[]): Drainable {
  return {
    counts: () => sumCounts(parts.map((part) => part.counts())),
    unsettled: () => parts.reduce((total, part) => total + part.unsettled(), 0),
    waiting: (limit) => parts.flatMap((part) => part.waiting(limit)).slice(0, limit),
    announce: () => {
      for (const part of parts) part.announce();
    },
    close: (options) => {
      for (const part of parts) part.close(options);
    },
    closed: async () => (await Promise.all(parts.map((part) => part.closed()))).flat(),
    drained: () => Promise.all(parts.map((part) => part.drained())),
    cut: (enough) => cutInTurn(parts, enough),
    totals: () => parts.flatMap((part) => part.totals()),
    release: () => {
      for (const part of parts) part.release();
    },
  };
}

export interface DrainOptions extends CloseOptions, DrainLimits {
  readonly reason: string;
  /** Milliseconds until the end of everything, cleanup included. */
  readonly leftOfAll: () => number;
  /** Resolves when the servers of this process itself have no connection left. */
  readonly ownDrained: () => Promise<unknown>;
}
