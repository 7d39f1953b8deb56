import { spawn, type ChildProcess } from 'node:child_process';
import { now } from '../measure/attempt.ts';
import { within } from '../measure/within.ts';
import type { Exit } from './server.ts';

/** A process that leads a process group of its own, and what it wrote. */
export interface Child {
  readonly pid: number | undefined;
  /** Resolves when the process is gone, or could not be started. */
  readonly exited: Promise<void>;
  /** How the process ended and when, in milliseconds since 1970. Undefined while it runs. */
  readonly exit: (Exit & { readonly at: number }) | undefined;
  /** Why the process could not be started. */
  readonly failure: Error | undefined;
  /** The last 4,000 characters that the process wrote. */
  readonly stdout: string;
  readonly stderr: string;
  signal(name: NodeJS.Signals, group: boolean): void;
  /** Kills the whole group, once, and waits for the end of its output. */
  destroy(): Promise<void>;
}

const TAIL_CHARACTERS = 4_000;
const OUTPUT_END_MS = 1_000;

export interface ChildOptions {
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string | undefined;
  /** Called with the end of what was written on standard output so far. */
  readonly onOutput: (text: string) => void;
}

export function startChild({ command: [program = '', ...args], env, cwd, onOutput }: ChildOptions): Child {
  // A group of its own: all processes that the child starts can be killed with it, and a Ctrl-C at the terminal is no
  // second signal to it.
  const detached = process.platform !== 'win32';
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached });
  let stdout = '';
  let stderr = '';
  let exit: (Exit & { readonly at: number }) | undefined;
  let failure: Error | undefined;

  const exited = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      failure = error;
      resolve();
    });
    child.once('exit', (code, signal) => {
      exit = { code, signal, at: now() };
      resolve();
    });
  });
  const outputEnded = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
    onOutput(stdout);
    stdout = stdout.slice(-TAIL_CHARACTERS);
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr = (stderr + chunk).slice(-TAIL_CHARACTERS);
  });

  const kill = (): void => killGroup(child);
  process.once('exit', kill);
  async function end(): Promise<void> {
    kill();
    await within(outputEnded, OUTPUT_END_MS);
    process.off('exit', kill);
  }
  // Once: the number of a group that is gone may be given to another.
  let destroyed: Promise<void> | undefined;

  return {
    pid: child.pid,
    exited,
    get exit() {
      return exit;
    },
    get failure() {
      return failure;
    },
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
    signal(name, group) {
      if (group && child.pid !== undefined) process.kill(-child.pid, name);
      else child.kill(name);
    },
    destroy: () => (destroyed ??= end()),
  };
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  if (process.platform === 'win32') {
    child.kill('SIGKILL');
    return;
  }
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
