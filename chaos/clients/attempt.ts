/** What one request, or one lasting conversation, came to. Times are on the clock of `monotonic()`. */
export interface Attempt {
  readonly id: string;
  readonly kind: string;
  /** When its connection was asked for, and when the request was written. */
  startedAt: number;
  sentAt: number;
  endedAt: number;
  /** Of the client's end of the connection; 0 for a Unix socket. */
  localPort: number;
  /** Whether the connection was established. */
  connected: boolean;
  /** The request before it on the same connection. */
  readonly previous?: string | undefined;
  outcome: 'open' | 'answered' | 'refused' | 'lost' | 'left';
  /** Of what is lost: how. */
  how: string;
}

/** All attempts of a scenario. */
export interface Ledger {
  readonly attempts: readonly Attempt[];
  readonly open: (kind: string, previous?: Attempt) => Attempt;
  readonly settle: (attempt: Attempt, outcome: Attempt['outcome'], how?: string) => void;
}

export function createLedger(now: () => number): Ledger {
  const attempts: Attempt[] = [];
  return {
    attempts,
    open: (kind, previous) => {
      const attempt: Attempt = {
        id: `${kind.replace(' ', '-')}.${attempts.length}`,
        kind,
        startedAt: now(),
        sentAt: 0,
        endedAt: 0,
        localPort: previous?.localPort ?? 0,
        connected: previous !== undefined,
        previous: previous?.id,
        outcome: 'open',
        how: '',
      };
      attempts.push(attempt);
      return attempt;
    },
    settle: (attempt, outcome, how = '') => {
      if (attempt.outcome !== 'open') return;
      Object.assign(attempt, { outcome, how, endedAt: now() });
    },
  };
}

/** Whether an error of connect means that nothing listens there. */
export const isRefusal = (code: string): boolean => ['ECONNREFUSED', 'ENOENT'].includes(code);
