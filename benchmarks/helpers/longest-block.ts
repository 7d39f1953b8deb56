import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';

/** For how long the event loop was blocked at the longest, in milliseconds. */
export interface LongestBlock {
  /** By the clock: other programs of the machine, and the kernel's choice among them, are in it. */
  readonly clock: number;
  /**
   * What the main thread computed between two turns: other programs are not in it, nor is waiting for Node's own
   * threads.
   */
  readonly computed: number;
}

const LOOK_MS = 1;

/** Starts to watch. @returns the longest block since the last call */
export function watchBlocks(): () => LongestBlock {
  let delay = watchDelay();
  let last = mainThread();
  let longest = 0;
  const look = (): void => {
    const time = mainThread();
    longest = Math.max(longest, time - last);
    last = time;
  };
  setInterval(look, LOOK_MS).unref();
  return () => {
    look();
    const found = { clock: delay.max / 1e6, computed: longest };
    delay.disable();
    delay = watchDelay();
    longest = 0;
    return found;
  };
}

function watchDelay(): IntervalHistogram {
  const delay = monitorEventLoopDelay({ resolution: LOOK_MS });
  delay.enable();
  return delay;
}

/**
 * Processor time of the main thread in milliseconds, as of the last tick of the scheduler (Linux); elsewhere, of all.
 */
function mainThread(): number {
  if (process.platform !== 'linux') return process.cpuUsage().user / 1_000;
  return Number(readFileSync('/proc/self/schedstat', 'latin1').split(' ', 1)[0]) / 1e6;
}
