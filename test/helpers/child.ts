import { spawn } from 'node:child_process';
import { Agent, get } from 'node:http';
import { get as getSecurely } from 'node:https';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Runs a program with nothing of the test runner in it: tap adds itself to the NODE_OPTIONS of whatever is spawned. */
export const pristine: readonly string[] = ['env', '-u', 'NODE_OPTIONS', process.execPath];

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that runs on its own, with nothing of the test runner in it. */
export interface Child {
  /** From its line `ready <port>`. */
  readonly port: number;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** The rest of the n-th line that begins with these words, once it is there. Rejects if the program ends without. */
  readonly line: (words: string, nth?: number) => Promise<string>;
  /** The rest of each line so far that begins with these words. */
  readonly lines: (words: string) => readonly string[];
  /** Closes this process's ends of its stdout and stderr. */
  readonly hangUp: () => void;
  /** Does not read its stdout for so many milliseconds: the pipe fills up. */
  readonly stall: (milliseconds: number) => void;
  readonly exited: Promise<Exit>;
}

export interface ChildOptions {
  /** Arguments; anything that is not a string goes as JSON. */
  readonly args?: readonly unknown[];
  readonly nodeOptions?: readonly string[];
  /** Beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether stderr is a pipe whose reader has gone away. */
  readonly stderr?: 'closed';
}

export interface Owner {
  readonly teardown: (end: () => unknown) => unknown;
}

/** Starts `test/fixtures/<fixture>.ts` and waits for its line `ready`; it ends with the test at the latest. */
export async function startChild(t: Owner, fixture: string, options: ChildOptions = {}): Promise<Child> {
  const { args = [], nodeOptions = [], env = {} } = options;
  const program = fileURLToPath(new URL(`../fixtures/${fixture}.js`, import.meta.url));
  const texts = args.map((arg) => (typeof arg === 'string' ? arg : JSON.stringify(arg)));
  const [command = '', ...rest] = [...pristine, ...nodeOptions, program, ...texts];
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });

  const seen: string[] = [];
  const waiting = new Set<() => void>();
  let stdout = '';
  let stderr = '';
  let ended = false;
  const wake = (): void => waiting.forEach((look) => look());
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  if (options.stderr === 'closed') child.stderr.destroy();
  createInterface(child.stdout).on('line', (line) => {
    seen.push(line);
    wake();
  });
  const exited = new Promise<Exit>((resolve) => {
    child.on('close', (code, signal) => {
      ended = true;
      wake();
      resolve({ code, signal, stdout, stderr });
    });
  });
  t.teardown(() => child.kill('SIGKILL'));

  const lines = (words: string): string[] =>
    seen
      .filter((line) => line === words || line.startsWith(`${words} `))
      .map((line) => line.slice(words.length + 1));

  const line = (words: string, nth = 1): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = lines(words)[nth - 1];
        if (found === undefined && !ended) return;
        waiting.delete(look);
        if (found !== undefined) resolve(found);
        else reject(new Error(`${fixture} ended without line ${nth} of '${words}':\n${stdout}\n${stderr}`));
      };
      waiting.add(look);
      look();
    });

  return {
    port: Number(await line('ready')),
    kill: (signal) => {
      child.kill(signal);
    },
    line,
    lines,
    hangUp: () => {
      child.stdout.destroy();
      child.stderr.destroy();
    },
    stall: (milliseconds) => {
      child.stdout.pause();
      setTimeout(() => child.stdout.resume(), milliseconds);
    },
    exited,
  };
}

export interface Answer {
  readonly status: number | undefined;
  readonly connection: string | undefined;
  readonly body: string;
}

/**
 * One GET request that asks for keep-alive, on a connection of its own unless an agent is given. Resolves with the
 * code of the error if there is one.
 */
export function ask(port: number, path: string, agent?: Agent): Promise<Answer | string> {
  const own = agent ?? new Agent({ keepAlive: true });
  const answer = new Promise<Answer | string>((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void => resolve(error.code ?? error.message);
    const request = get({ host: '127.0.0.1', port, path, agent: own }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('error', failed);
      response.on('end', () => {
        resolve({ status: response.statusCode, connection: response.headers.connection, body });
      });
    });
    request.on('error', failed);
  });
  if (agent === undefined) void answer.then(() => own.destroy());
  return answer;
}

/** The body, or the code of the error. */
export function askSecurely(port: number, path: string): Promise<string> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void => resolve(error.code ?? error.message);
    const options = { host: '127.0.0.1', port, path, agent: false, rejectUnauthorized: false };
    const request = getSecurely(options, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('error', failed);
      response.on('end', () => resolve(body));
    });
    request.on('error', failed);
  });
}
