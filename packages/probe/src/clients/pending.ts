import { now, type Attempt, type Ending } from '../measure/attempt.ts';
import type { Outcome } from '../measure/outcome.ts';

/** The requests on one connection that have no outcome yet, in their order. */
export interface Pending {
  readonly count: number;
  readonly first: Attempt | undefined;
  add(attempt: Attempt, ended: (ending: Ending) => void): void;
  connected(): void;
  endFirst(outcome: Outcome | undefined, code?: string): void;
  /** Ends the first with `outcome`, and the pipelined ones behind it with `others`. */
  endAll(outcome: Outcome | undefined, code?: string, others?: Outcome): void;
}

export function createPending(): Pending {
  const pending: { readonly attempt: Attempt; readonly ended: (ending: Ending) => void }[] = [];
  const endFirst: Pending['endFirst'] = (outcome, code) => {
    pending.shift()?.ended({ outcome, endedAt: now(), code });
  };
  return {
    get count() {
      return pending.length;
    },
    get first() {
      return pending[0]?.attempt;
    },
    add: (attempt, ended) => void pending.push({ attempt, ended }),
    connected() {
      for (const { attempt } of pending) attempt.connectedAt = now();
    },
    endFirst,
    endAll(outcome, code, others = outcome) {
      endFirst(outcome, code);
      while (pending.length > 0) endFirst(others, code);
    },
  };
}
