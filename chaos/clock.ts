import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds on the clock of the machine that no process can set, the same in all of them. */
export const monotonic = (): number => Number(process.hrtime.bigint()) / 1e6;

export const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

export const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** Resolves with undefined where the promise takes longer. */
export async function within<T>(promise: Promise<T>, milliseconds: number): Promise<T | undefined> {
  const limit = new AbortController();
  const late = delay(milliseconds, undefined, { signal: limit.signal }).catch(() => undefined);
  return Promise.race([promise, late]).finally(() => limit.abort());
}
