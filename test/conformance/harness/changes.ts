/** Waits for something that changes from outside. */
export interface Changes {
  readonly notify: () => void;
  /**
   * Looks now and at every change until `look` gives a value. Rejects where nothing can give one any more (`over`),
   * and after 30 s.
   */
  readonly until: <T>(what: string, look: () => T | undefined, over: () => boolean) => Promise<T>;
}

const PATIENCE_MS = 30_000;

/** @param describe - the state of things, for the error of a wait in vain */
export function createChanges(describe: () => string): Changes {
  const waiters = new Set<() => void>();
  return {
    notify: () => {
      for (const look of waiters) look();
    },
    until: <T>(what: string, look: () => T | undefined, over: () => boolean) =>
      new Promise<T>((resolve, reject) => {
        const fail = (why: string): void => reject(new Error(`${why} ${what}; ${describe()}`));
        const timer = setTimeout(fail, PATIENCE_MS, 'waited in vain for');
        const waiter = (): void => {
          try {
            const found = look();
            if (found === undefined && !over()) return;
            if (found === undefined) fail('it ended before');
            else resolve(found);
          } catch (error) {
            reject(error);
          }
          waiters.delete(waiter);
          clearTimeout(timer);
        };
        waiters.add(waiter);
        waiter();
      }),
  };
}
