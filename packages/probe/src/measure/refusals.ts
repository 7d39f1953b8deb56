import type { Attempt } from './attempt.ts';
import { relativeTo } from './records.ts';

/**
 * When connections were refused, and whether some were accepted again afterwards. Times are milliseconds since 1970.
 */
export interface Refusals {
  refused(attempt: Attempt, endedAt: number, signalledAt: number): void;
  /** An attempt that ended in any other way. */
  accepted(attempt: Attempt): void;
  /** The first and the last refusal, in milliseconds after the signal. */
  after(signalledAt: number): { readonly first: number | null; readonly last: number | null };
  readonly beforeSignal: number;
  readonly acceptedAfter: number;
}

export function createRefusals(): Refusals {
  let firstAt: number | undefined;
  let lastAt: number | undefined;
  let beforeSignal = 0;
  let acceptedAfter = 0;
  return {
    refused({ opened, startedAt }, endedAt, signalledAt) {
      if (!opened) return;
      if (endedAt < signalledAt) beforeSignal += 1;
      // The SYN of an attempt that started before may have been on its way: that says little about when.
      if (startedAt < signalledAt) return;
      firstAt ??= endedAt;
      lastAt = endedAt;
    },
    accepted({ opened, startedAt }) {
      if (opened && startedAt > (firstAt ?? Infinity)) acceptedAfter += 1;
    },
    after: (signalledAt) => ({
      first: relativeTo(signalledAt, firstAt),
      last: relativeTo(signalledAt, lastAt),
    }),
    get beforeSignal() {
      return beforeSignal;
    },
    get acceptedAfter() {
      return acceptedAfter;
    },
  };
}
