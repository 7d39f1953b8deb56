import { spawn, type ChildProcess } from 'node:child_process';
import { now, within } from './clock.ts';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** When this process learned of it. */
  readonly at: number;
}

/** A program of our own in a process of its own. It never outlives this one. */
export interface Child {
  readonly pid: number;
  readonly process: ChildProcess;
  /** All that it has written to its standard output. */
  readonly stdout: () => string;
  /** The match in its standard output, once it is there. Throws if the program ends without, or after `limit`. */
  readonly find: (pattern: RegExp, limit?: number) => Promise<RegExpExecArray>;
  readonly exited: Promise<Exit>;
  /** Kills it where it still runs, and waits for its end. */
  readonly end: () => Promise<void>;
}

export interface ChildOptions {
  /** @defaultValue none */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it may send messages. */
  readonly ipc?: boolean;
}

const running = new Set<ChildProcess>();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
process.on('SIGINT', () => process.exit(130));
process.on('SIGTERM', () => process.exit(143));

export function startChild(command: readonly string[], { env, ipc = false }: ChildOptions = {}): Child {
  const [program = '', ...args] = command;
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const child = spawn(program, args, {
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'inherit', ...(ipc ? (['ipc'] as const) : [])],
  });
  running.add(child);
  let stdout = '';
  const look = new Set<() => void>();
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    for (const each of look) each();
  });
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      running.delete(child);
      resolve({ code, signal, at: now() });
    });
  });
  // Callers that wait for it get the error; without one it must not crash this process.
  exited.catch(() => {});

  const find = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        const match = pattern.exec(stdout);
        if (match === null) return;
        look.delete(check);
        resolve(match);
      };
      look.add(check);
      check();
      child.once('close', () => reject(new Error(`${command.join(' ')} ended early:\n${stdout}`)));
      child.once('error', reject);
    });

  return {
    pid: child.pid ?? 0,
    process: child,
    stdout: () => stdout,
    find: (pattern, limit = 15_000) => within(find(pattern), limit, command.join(' ')),
    exited,
    end: async () => {
      child.kill('SIGKILL');
      await within(exited, 5_000, `the end of ${command.join(' ')}`);
    },
  };
}
