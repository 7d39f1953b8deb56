/** The smallest value that at least `percent` % of all do not exceed. NaN of none. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? NaN;
}

/** The middle one, or the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return ((sorted[Math.ceil(half) - 1] ?? NaN) + (sorted[Math.floor(half)] ?? NaN)) / 2;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Where the median of all that could have been measured lies with 95 % confidence, whatever their distribution. */
export function medianInterval(values: readonly number[]): Interval {
  const sorted = values.toSorted((a, b) => a - b);
  const count = sorted.length;
  // The largest rank that a binomial(count, 1/2) stays below with a probability of at most 2.5 %.
  let rank = 0;
  let probability = 0.5 ** count;
  let sum = probability;
  while (sum <= 0.025) {
    rank += 1;
    probability *= (count - rank + 1) / rank;
    sum += probability;
  }
  const from = Math.max(0, rank - 1);
  return { low: sorted[from] ?? NaN, high: sorted[count - 1 - from] ?? NaN };
}

/** 0.31 ms, 12.4 ms, 1,004 ms */
export function formatTime(milliseconds: number): string {
  if (Number.isNaN(milliseconds)) return '-';
  const digits = Math.abs(milliseconds) < 10 ? 2 : Math.abs(milliseconds) < 100 ? 1 : 0;
  return `${formatNumber(milliseconds, digits)} ms`;
}

export function formatNumber(value: number, digits = 0): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function formatRatio(ratio: number, digits = 2): string {
  return Number.isFinite(ratio) ? `× ${formatNumber(ratio, digits)}` : '-';
}
