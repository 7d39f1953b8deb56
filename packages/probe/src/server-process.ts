import { spawn, type ChildProcess } from 'node:child_process';
import { now } from './attempt.ts';
import type { Target } from './connection.ts';
import { ProbeError } from './errors.ts';
import { within } from './within.ts';

export interface ServerOptions {
  /** Program and arguments. */
  readonly command: readonly string[];
  /** Added to the environment of this process, in which `NODE_OPTIONS` is left out and `PORT` is 0. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** @defaultValue the working directory of this process */
  readonly cwd?: string | undefined;
  /**
   * Milliseconds until the server must have printed its address.
   * @defaultValue 10000
   */
  readonly startTimeout?: number | undefined;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A server in a process of its own, which leads a process group of its own. */
export interface ServerProcess {
  readonly target: Target;
  /** Resolves when the process is gone. */
  readonly exited: Promise<void>;
  /** How it ended and when, in milliseconds since 1970. Undefined while it runs. */
  readonly exit: (Exit & { readonly at: number }) | undefined;
  /** The last 4,000 characters it wrote. */
  readonly stdout: string;
  readonly stderr: string;
  /** Sends a signal to the process, or to its whole group. */
  signal(name: NodeJS.Signals, group: boolean): void;
  /** Kills the group, whatever is left of it. Resolves when its output has ended. */
  destroy(): Promise<void>;
}

const TAIL = 4_000;
const address = /\bhttp:\/\/(\[[\da-f:]*\]|[\w.-]+):(\d+)(?=\D)/i;
/** Addresses that a server on all interfaces, or on a name, prints for one that can be connected to. */
const reachable: Readonly<Record<string, string>> = {
  localhost: '127.0.0.1',
  '0.0.0.0': '127.0.0.1',
  '[::]': '::1',
  '[::1]': '::1',
};

/**
 * Starts a server and waits until it prints the address it listens on: the first `http://host:port` on its standard
 * output. @throws ERR_PROBE_START_FAILED
 */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const [program = '', ...args] = options.command;
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...inherited, PORT: '0', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Its own group: all that it starts can be ended with it, and a Ctrl-C at the terminal is not a second signal.
    detached: process.platform !== 'win32',
  });
  let target: Target | undefined;
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
  const listening = new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
      target ??= findTarget(stdout);
      if (target) resolve();
      stdout = stdout.slice(-TAIL);
    });
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr = (stderr + chunk).slice(-TAIL);
  });

  const kill = (): void => killGroup(child);
  process.once('exit', kill);
  async function end(): Promise<void> {
    kill();
    await within(outputEnded, 1_000);
    process.off('exit', kill);
  }
  // Once: the number of a group that is gone may be given to another.
  let destroyed: Promise<void> | undefined;
  const destroy = (): Promise<void> => (destroyed ??= end());

  const started = await within(Promise.race([listening, exited]), options.startTimeout ?? 10_000);
  if (!started || !target || exit || failure) {
    const why =
      failure?.message ?? (exit ? `it ended, ${describeExit(exit)}` : 'it printed no address in time');
    await destroy();
    throw new ProbeError(
      'ERR_PROBE_START_FAILED',
      `${options.command.join(' ')} did not start: ${why}\n${stdout}${stderr}`,
      { cause: failure },
    );
  }

  return {
    target,
    exited,
    get exit() {
      return exit;
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
    destroy,
  };
}

/** "code 1" or "killed by SIGSEGV". */
export function describeExit({ code, signal }: Exit): string {
  return signal ? `killed by ${signal}` : `code ${code}`;
}

function findTarget(output: string): Target | undefined {
  const [, host = '', port] = address.exec(output) ?? [];
  return port === undefined ? undefined : { host: reachable[host] ?? host, port: Number(port) };
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
