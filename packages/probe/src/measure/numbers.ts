/** The middle value, the upper of the two middle ones, or undefined of none. */
export function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

/** 12,345 */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** Milliseconds as "8.4 ms", "146 ms" or "2.01 s". */
export function formatTime(time: number): string {
  if (time < 10) return `${time.toFixed(1)} ms`;
  return time < 1_000 ? `${time.toFixed(0)} ms` : `${(time / 1_000).toFixed(2)} s`;
}
