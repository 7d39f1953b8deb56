import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Lag of this process's own timers, in milliseconds: no time that it measured is finer. */
export interface Lag {
  readonly mean: number;
  readonly p99: number;
  readonly max: number;
}

const RESOLUTION_MS = 5;

/** Begins to measure; the function returned ends it. */
export function measureLag(): () => Lag {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  return () => {
    histogram.disable();
    return {
      mean: late(histogram.mean),
      p99: late(histogram.percentile(99)),
      max: late(histogram.max),
    };
  };
}

/** The histogram holds the nanoseconds between two samples, which the interval itself is part of. */
function late(nanoseconds: number): number {
  return Math.max(0, (nanoseconds || 0) / 1e6 - RESOLUTION_MS);
}
