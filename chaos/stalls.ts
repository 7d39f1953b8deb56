import { monotonic } from './clock.ts';

const LOOK_MS = 20;
/** Shortest pause that counts as a stall of the machine. */
const LEAST_MS = 60;

interface Stall {
  readonly from: number;
  readonly until: number;
}

const stalls: Stall[] = [];
let last = monotonic();

/** Notes from now on when this process, in which all clients are, stood still: what they were sent waited so long. */
export function noteStalls(): void {
  setInterval(() => {
    const at = monotonic();
    if (at - last >= LEAST_MS) stalls.push({ from: last, until: at });
    last = at;
  }, LOOK_MS).unref();
}

/** Milliseconds between two moments in which all clients stood still. */
export function stalledBetween(from: number, until: number): number {
  return stalls
    .map((stall) => Math.min(stall.until, until) - Math.max(stall.from, from))
    .reduce((sum, overlap) => sum + Math.max(0, overlap), 0);
}
