import { readdirSync, readFileSync } from 'node:fs';

/** Seconds that all threads of a process have run, without what others took from it. NaN where that cannot be read. */
export function processorTime({ pid }: { readonly pid: number }): number {
  try {
    const files = readdirSync(`/proc/${pid}/task`).map((task) => `/proc/${pid}/task/${task}/schedstat`);
    const times = files.map((file) => Number(readFileSync(file, 'latin1').split(' ')[0]));
    return times.reduce((sum, time) => sum + time, 0) / 1e9;
  } catch {
    return NaN;
  }
}
