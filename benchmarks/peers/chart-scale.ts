import { formatNumber } from '../helpers/numbers.ts';
import { formatLost, formatOver } from './format.ts';
import type { Summary } from './results.ts';

/** One number of each contender: its least, middle and most value on a scale. */
export interface Measure {
  readonly title: string;
  readonly hint: string;
  readonly ticks: readonly number[];
  readonly tick: (value: number) => string;
  /** From 0 to 1. */
  readonly scale: (value: number) => number;
  readonly range: (summary: Summary) => { least: number; middle: number; most: number };
  readonly value: (summary: Summary) => string;
}

const lostTicks = [0, 1, 10, 100, 1_000];
const overTicks = [1, 10, 100, 1_000, 10_000];

/** How much each loses, and how long it takes to exit. */
export function measures(summaries: readonly Summary[]): { lost: Measure; over: Measure } {
  const most = Math.max(...summaries.map(({ lost }) => lost.most));
  const longest = Math.max(...summaries.map(({ over }) => over.most), 1_000);
  return {
    lost: {
      title: 'Lost per shutdown',
      hint: 'requests: mean, least and most',
      ticks: lostTicks.filter((tick) => tick <= most),
      tick: (value) => formatNumber(value),
      scale: tenfold(lostTicks, most),
      range: ({ lost }) => ({ least: lost.least, middle: lost.mean, most: lost.most }),
      value: formatLost,
    },
    over: {
      title: 'Exit after the last answer it owed',
      hint: 'median, least and most',
      ticks: overTicks.filter((tick) => tick <= longest),
      tick: (value) => (value < 1_000 ? `${value} ms` : `${value / 1_000} s`),
      scale: tenfold(overTicks, longest),
      range: ({ over }) => ({ least: over.least, middle: over.median, most: over.most }),
      value: formatOver,
    },
  };
}

/** From 0 to `most` in steps of ten, with room for 0. */
function tenfold(ticks: readonly number[], most: number): (value: number) => number {
  const first = ticks.find((tick) => tick > 0) ?? 1;
  const zero = ticks.includes(0) ? 1 : 0;
  const steps = Math.log10(most / first) + zero;
  return (value) => {
    if (value < first) return zero === 0 ? 0 : value / first / steps;
    return (Math.log10(value / first) + zero) / steps;
  };
}
