import { sleep } from './clock.ts';

/** What may go wrong in the middle of a reload, and what it explains. */
export interface Fault {
  readonly name: string;
  /** Which process it meets. */
  readonly meets: 'old' | 'new' | 'any' | 'primary';
  readonly strike: (pid: number, random: () => number) => Promise<void>;
  /** Whether it ends the process and what that holds, requests too. */
  readonly kills?: boolean;
  /** Whether connections may end while idle: the process drains, or does not answer in time. */
  readonly closes?: boolean;
}

/** Longest stop in milliseconds: beyond half of a worker's drain time, and within its timeout. */
const STOPPED_MS = 2_800;

const send =
  (signal: NodeJS.Signals) =>
  (pid: number): Promise<void> => {
    kill(pid, signal);
    return Promise.resolve();
  };

/** SIGSTOP, and SIGCONT after a random time. */
async function pause(pid: number, random: () => number): Promise<void> {
  kill(pid, 'SIGSTOP');
  await sleep(random() * STOPPED_MS);
  kill(pid, 'SIGCONT');
}

export const faults: readonly Fault[] = [
  { name: 'nothing', meets: 'any', strike: () => Promise.resolve() },
  { name: 'SIGKILL of an old worker', meets: 'old', strike: send('SIGKILL'), kills: true },
  { name: 'SIGKILL of a new worker', meets: 'new', strike: send('SIGKILL'), kills: true },
  { name: 'crash of an old worker', meets: 'old', strike: send('SIGABRT'), kills: true },
  { name: 'crash of a new worker', meets: 'new', strike: send('SIGABRT'), kills: true },
  { name: 'SIGSTOP of an old worker', meets: 'old', strike: pause, closes: true },
  { name: 'SIGSTOP of a new worker', meets: 'new', strike: pause },
  { name: 'SIGSTOP of the primary', meets: 'primary', strike: pause, closes: true },
  { name: 'SIGTERM to an old worker', meets: 'old', strike: send('SIGTERM') },
  { name: 'SIGTERM to a new worker', meets: 'new', strike: send('SIGTERM') },
  { name: 'SIGTERM to the primary', meets: 'primary', strike: send('SIGTERM'), closes: true },
  { name: 'SIGKILL of the primary', meets: 'primary', strike: send('SIGKILL'), closes: true },
];

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone already.
  }
}

/** The same numbers for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = Math.trunc(seed);
  return () => {
    state = Math.trunc(state + 0x6d2b79f5);
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
