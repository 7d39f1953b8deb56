import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { pristine, type Owner } from '../helpers/child.ts';

/** A program of `test/fixtures/deploys` that runs, with all of its processes. */
export interface Program {
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Sends a signal to all of its processes. */
  readonly killAll: (signal: NodeJS.Signals) => void;
  /** The rest of the n-th line that begins with this word, once it is there. */
  readonly line: (word: string, nth?: number) => Promise<string>;
  /** Resolves with the exit code or the signal, and what was written to stderr. */
  readonly exited: Promise<string>;
}

/**
 * Starts a program and waits until it listens. It has a process group of its own, and ends with the test, or with this
 * process: its stdin ends then.
 *
 * @param prefix - a command that runs the program somewhere else, such as in another network namespace
 */
export async function startProgram(
  t: Owner,
  name: string,
  setup: object,
  prefix: readonly string[] = [],
): Promise<Program> {
  const file = fileURLToPath(new URL(`../fixtures/deploys/${name}.js`, import.meta.url));
  const [command, ...args] = [...prefix, ...pristine, file, JSON.stringify(setup)];
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  const lines: string[] = [];
  let stderr = '';
  let ended = false;
  const waiting = new Set<() => void>();
  const wake = (): void => waiting.forEach((look) => look());
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  createInterface(child.stdout).on('line', (line) => {
    lines.push(line);
    wake();
  });
  const exited = new Promise<string>((resolve) => {
    child.once('close', (code, signal) => {
      ended = true;
      wake();
      resolve(`${signal ?? code}${stderr && ` ${stderr}`}`);
    });
  });

  const killAll = (signal: NodeJS.Signals): void => {
    try {
      process.kill(-(child.pid ?? 0), signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  t.teardown(() => killAll('SIGKILL'));

  const line = (word: string, nth = 1): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = lines.filter((each) => each.startsWith(`${word} `))[nth - 1];
        if (found === undefined && !ended) return;
        waiting.delete(look);
        if (found !== undefined) resolve(found.slice(word.length + 1));
        else reject(new Error(`${name} ended without line ${nth} of '${word}':\n${stderr}`));
      };
      waiting.add(look);
      look();
    });

  await line('ready');
  return { kill: (signal) => void child.kill(signal), killAll, line, exited };
}
