/** How long answers took, start to end, in milliseconds. Null where there were none. */
export interface Latency {
  readonly count: number;
  readonly p50: number | null;
  readonly p99: number | null;
  readonly max: number | null;
}

export function summarize(times: readonly number[]): Latency {
  const sorted = Float64Array.from(times).toSorted();
  const at = (share: number): number | null => sorted[Math.floor(share * (sorted.length - 1))] ?? null;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}
