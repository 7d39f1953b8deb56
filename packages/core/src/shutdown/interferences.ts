import type { Interference } from '../api/report.ts';
import { notice } from '../process/notice.ts';
import type { InterferenceOutcome } from '../process/stops.ts';

/** What the program did to end by itself what a shutdown is about to end. */
export interface Interferences {
  /** @param harmless - whether no client would have been lost by it */
  readonly note: (what: string, outcome: InterferenceOutcome, harmless: boolean) => void;
  readonly list: () => readonly Interference[];
  /** Says on stderr, in one line, what was not done as it was asked for. */
  readonly tell: () => void;
}

export function createInterferences(): Interferences {
  const counts = new Map<string, { what: string; count: number; outcome: InterferenceOutcome }>();
  const harmful = new Set<string>();
  return {
    note: (what, outcome, harmless) => {
      const key = `${what} ${outcome}`;
      const known = counts.get(key) ?? { what, count: 0, outcome };
      known.count += 1;
      counts.set(key, known);
      if (outcome === 'deferred' && !harmless) harmful.add(what);
    },
    list: () => [...counts.values()].map((each) => ({ ...each })),
    tell: () => {
      if (harmful.size === 0) return;
      const names = [...harmful].join(', ');
      notice(
        `during the shutdown the program called ${names}: deferred until the drain was over (docs/signals.md)`,
      );
    },
  };
}
