import { closeSync, openSync, readFileSync } from 'node:fs';
import { block } from '../../test/fixtures/block.ts';
import { note } from './evidence.ts';

/** Most descriptors that are opened: the process starts with a lower limit (FILE_LIMIT of processes.ts). */
const MAX_DESCRIPTORS = 4_096;
const A_DAY_MS = 86_400_000;

const commands: Readonly<Record<string, (ms: number) => void>> = {
  block,
  crash: () => {
    throw new Error('the program crashes');
  },
  reject: () => void Promise.reject(new Error('a promise of the program rejects')),
  exit: () => process.exit(3),
  clock: () => {
    const { now } = Date;
    Date.now = () => now() + A_DAY_MS;
  },
  emfile: (ms) => {
    const held: number[] = [];
    try {
      while (held.length < MAX_DESCRIPTORS) held.push(openSync('/dev/null', 'r'));
    } catch {
      // None is left: that is the fault.
    }
    note('exhausted', held.length);
    setTimeout(() => {
      for (const fd of held) closeSync(fd);
      note('relieved');
    }, ms);
  },
};

/** Does what is written in the file of this process when SIGUSR2 comes: a command, and its milliseconds. */
export function obeyCommands(folder: string): void {
  process.on('SIGUSR2', () => {
    const [name = '', ms] = readCommand(`${folder}/command.${process.pid}`).split(' ');
    note('fault', name);
    commands[name]?.(Number(ms));
  });
}

function readCommand(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // No descriptor is left for it.
    return 'unread';
  }
}
