import { now, type Attempt } from '../measure/attempt.ts';

/** The attempts that have no outcome yet. Each has hung when its time is over. */
export interface InFlight {
  /** `expire` gives the attempt up: it ends the attempt as hung. */
  add(attempt: Attempt, expire: () => void): void;
  /** False if the attempt has ended before. */
  delete(attempt: Attempt): boolean;
  attempts(): Iterable<Attempt>;
  /** Gives all up. */
  expire(): void;
  /** No further attempts. */
  close(): void;
}

const SWEEP_MS = 100;

export function createInFlight(hungAfter: number): InFlight {
  // In order of their start, so that the ones that hang are the first.
  const inFlight = new Map<Attempt, () => void>();
  // What arrived while this process was late is read first: a slow client is no proof of a slow server.
  const sweep = setInterval(() => setImmediate(expireHung), SWEEP_MS);

  function expireHung(): void {
    const limit = now() - hungAfter;
    for (const [attempt, expire] of inFlight) {
      if (attempt.startedAt > limit) break;
      expire();
    }
  }

  return {
    add: (attempt, expire) => void inFlight.set(attempt, expire),
    delete: (attempt) => inFlight.delete(attempt),
    attempts: () => inFlight.keys(),
    expire() {
      for (const expire of inFlight.values()) expire();
    },
    close: () => clearInterval(sweep),
  };
}
