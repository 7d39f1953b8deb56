import { openSync, writeSync } from 'node:fs';
import { monotonic } from '../clock.ts';

const file = openSync(process.env['CHAOS_EVIDENCE'] ?? '/dev/null', 'a');

/** Writes a line that outlives this process, whatever becomes of it: `<pid> <time> <word> <rest>`. */
export function note(word: string, rest: string | number = ''): void {
  writeSync(file, `${process.pid} ${monotonic().toFixed(3)} ${word} ${rest}\n`);
}
