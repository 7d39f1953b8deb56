import { openSync, readSync, writeSync } from 'node:fs';
import { monotonic } from '../clock.ts';

const file = openSync(process.env['CHAOS_EVIDENCE'] ?? '/dev/null', 'a');

/** Writes a line that outlives this process, whatever becomes of it: `<pid> <time> <word> <rest>`. */
export function note(word: string, rest: string | number = ''): void {
  writeSync(file, `${process.pid} ${monotonic().toFixed(3)} ${word} ${rest}\n`);
}

const LOOK_MS = 100;
const NS_PER_MS = 1_000_000;

/**
 * Notes how long this process has been ready to run and had no processor, in milliseconds since its start: the second
 * number of /proc/self/schedstat (sched-stats.txt of the kernel). What is late on a busy machine is told from what is
 * slow.
 */
export function noteWaits(): void {
  const stat = openSync('/proc/self/schedstat', 'r');
  const buffer = Buffer.alloc(128);
  let noted = 0;
  const look = (): void => {
    const text = buffer.toString('latin1', 0, readSync(stat, buffer, 0, buffer.length, 0));
    const waited = Math.floor(Number(text.split(' ')[1]) / NS_PER_MS);
    if (waited > noted) note('waited', waited);
    noted = waited;
  };
  setInterval(look, LOOK_MS).unref();
  process.on('exit', look);
}
