import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import type { ShutdownReport } from '@graceful-cluster/core';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A clustered program with nothing of the test runner in it, and a process group of its own. */
export interface ClusterProcess {
  readonly pid: number;
  readonly port: number;
  /** Process ids of all workers so far, in the order of their start. */
  readonly workers: () => readonly number[];
  readonly signal: (name: NodeJS.Signals) => void;
  readonly signalGroup: (name: NodeJS.Signals) => void;
  /** The rest of the n-th line that begins with these words. Rejects if the program ends without. */
  readonly line: (words: string, nth?: number) => Promise<string>;
  /** The rest of each line so far that begins with these words. */
  readonly lines: (words: string) => readonly string[];
  readonly exited: Promise<Exit>;
  readonly report: () => Promise<ShutdownReport>;
  readonly stderr: () => string;
  /** Closes this process's ends of its stdout and stderr, or of one of them. */
  readonly hangUp: (...outputs: readonly ('stdout' | 'stderr')[]) => void;
}

export interface ClusterOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeOptions?: readonly string[];
  /** A path below `build`, without its extension. */
  readonly program?: string;
  /** Any file, instead. */
  readonly file?: string;
  /** The words of the line that is waited for; one that does not end with a port gives none. */
  readonly until?: string;
  /** How many descriptors each of its processes may have. */
  readonly descriptors?: number;
}

interface Owner {
  readonly teardown: (end: () => unknown) => unknown;
}

/** Starts a program and waits until it listens; nothing of it outlives the test. */
export async function startCluster(t: Owner, options: ClusterOptions = {}): Promise<ClusterProcess> {
  const { env, nodeOptions = [], program = 'test/fixtures/cluster/server', until = 'listening on' } = options;
  const { file = fileURLToPath(new URL(`../../${program}.js`, import.meta.url)) } = options;
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const { descriptors = 'hard' } = options;
  const limited = ['-c', `ulimit -n ${descriptors}; exec "$0" "$@"`, process.execPath];
  const [command, args] = descriptors === 'hard' ? [process.execPath, []] : ['sh', limited];
  const child = spawn(command, [...args, ...nodeOptions, file], {
    env: { ...inherited, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const pid = child.pid ?? 0;
  t.teardown(() => kill(-pid, 'SIGKILL'));

  let stdout = '';
  let stderr = '';
  let exit: Exit | undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      exit = { code, signal };
      resolve(exit);
    });
  });

  const lines = (words: string): readonly string[] =>
    stdout
      .split('\n')
      .slice(0, -1)
      .flatMap((line) => (line.startsWith(`${words} `) ? line.slice(words.length + 1) : []));

  const line = async (words: string, nth = 1): Promise<string> => {
    for (let left = 8_000; left > 0; left -= 1) {
      const found = lines(words)[nth - 1];
      if (found !== undefined) return found;
      // Its output may come after its exit.
      if (exit !== undefined) left = Math.min(left, 50);
      await sleep(5);
    }
    throw new Error(`no line ${nth} of '${words}'; ${JSON.stringify(exit)}\n${stdout}\n${stderr}`);
  };

  const found = await line(until);
  return {
    pid,
    port: Number(/:(\d+)$/.exec(found)?.[1] ?? 0),
    workers: () => lines('worker').map(Number),
    signal: (name) => kill(pid, name),
    signalGroup: (name) => kill(-pid, name),
    line,
    lines,
    exited,
    report: async () => JSON.parse(await line('report')) as ShutdownReport,
    stderr: () => stderr,
    hangUp: (...outputs) => {
      for (const output of outputs.length > 0 ? outputs : (['stdout', 'stderr'] as const))
        child[output].destroy();
    },
  };
}

/** What a busy machine may add to a program's own deadline, in milliseconds. */
const SLACK_MS = 2_000;

/** Asserts how the program ends, that it does not outlive its `timeout`, and that nothing of it is left. */
export async function ends(
  t: Test,
  cluster: ClusterProcess,
  wanted: Exit,
  { timeout = 9_000 }: { readonly timeout?: number } = {},
): Promise<void> {
  const start = performance.now();
  const exit = await Promise.race([
    cluster.exited,
    sleep(timeout + 5_000, { code: null, signal: null }, { ref: false }),
  ]);
  const took = performance.now() - start;
  t.same(exit, wanted, cluster.stderr());
  t.ok(took < timeout + SLACK_MS, `it ended after ${took.toFixed(0)} ms`);
  t.same(await survivors([cluster.pid, ...cluster.workers()]), [], 'no process is left');
}

/** A process, or a group if negative, that is gone already needs no signal. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** A zombie is no process any more, but its new parent may take its time to reap it. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return (
      process.platform !== 'linux' || !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
    );
  } catch {
    return false;
  }
}

/** The processes that are still there after a moment. */
export async function survivors(pids: readonly number[], milliseconds = 500): Promise<readonly number[]> {
  for (let waited = 0; waited < milliseconds && pids.some(isAlive); waited += 10) await sleep(10);
  return pids.filter(isAlive);
}

/** A client: the body of the answer, or how it ended without one (`ECONNRESET`, `empty`, `hung`). */
export interface Request {
  readonly connected: Promise<void>;
  /** Process id of the worker that has begun with it, if it tells (a fixture does with `tell`); 0 if none ever does. */
  readonly worker: Promise<number>;
  readonly ended: Promise<string>;
  readonly socket: Socket;
}

/** One GET request on a connection of its own, to a port or a Unix socket. */
export function request(address: number | string, path = '/', hungAfter = 12_000): Request {
  const socket = connect(
    typeof address === 'string' ? { path: address } : { port: address, host: '127.0.0.1' },
  );
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  const connected = new Promise<void>((resolve) => {
    socket.once('connect', resolve);
    socket.once('error', () => resolve());
  });
  const worker = new Promise<number>((resolve) => {
    socket.on('data', () => {
      const pid = /^worker: (\d+)\r$/im.exec(text)?.[1];
      if (pid !== undefined) resolve(Number(pid));
    });
    socket.once('close', () => resolve(0));
  });
  const ended = new Promise<string>((resolve) => {
    const timer = setTimeout(() => resolve('hung'), hungAfter);
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
    socket.once('end', () => resolve(bodyOf(text)));
    socket.once('close', () => {
      clearTimeout(timer);
      resolve('empty');
    });
  });
  return { connected, worker, ended, socket };
}

function bodyOf(received: string): string {
  const text = received.replace(/^HTTP\/1\.1 103 .*?\r\n\r\n/s, '');
  const end = text.indexOf('\r\n\r\n');
  const length = /^content-length: (\d+)/im.exec(text)?.[1];
  const body = text.slice(end + 4);
  if (text === '') return 'empty';
  return end > 0 && length !== undefined && body.length === Number(length) ? body : 'cut';
}

/** Slow requests in flight, at least one in each worker; one exactly under round robin, where they take turns. */
export async function oneInEach(
  cluster: ClusterProcess,
  count: number,
  ms: number,
): Promise<readonly Request[]> {
  const requests: Request[] = [];
  const workers = new Set<number>();
  while (workers.size < count) {
    const each = request(cluster.port, `/slow?ms=${ms}&tell`);
    requests.push(each);
    workers.add(await each.worker);
  }
  return requests;
}
