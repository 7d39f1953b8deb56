// Preloaded with --import: prints when the program has ended, in milliseconds of the clock that all processes share.
// What follows is Node's own end of a process, of whatever program.
import { writeSync } from 'node:fs';
import { monotonic } from './clock.ts';

process.on('exit', () => writeSync(1, `ended at ${monotonic()}\n`));
