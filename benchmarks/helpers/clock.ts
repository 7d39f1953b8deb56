/** Milliseconds since 1970, with fractions, never going back: the clock of `@graceful-cluster/probe`. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

/** Milliseconds of CLOCK_MONOTONIC, which is one for all processes of a machine. */
export function monotonic(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Waits for a promise; throws if it takes longer than so many milliseconds. */
export async function within<T>(promise: Promise<T>, limit: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${limit} ms`)), limit);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
