import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { now } from '../measure/attempt.ts';
import { ProbeError } from '../errors.ts';
import { findTarget, formatTarget, type Target } from '../network/target.ts';
import { within } from '../measure/within.ts';
import { accepts, findFreePort, findListeners, groupRuns, type Listener } from './ports.ts';
import { describeExit, type Exit, type Server } from './server.ts';

export interface ServerOptions {
  /** Program and arguments. */
  readonly command: readonly string[];
  /** Added to the environment of this process, in which `NODE_OPTIONS` is left out and `PORT` is set. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** @defaultValue the working directory of this process */
  readonly cwd?: string | undefined;
  /**
   * Milliseconds until the server must listen.
   * @defaultValue 10000
   */
  readonly startTimeout?: number | undefined;
  /**
   * How it is known where the server listens. `'printed'`: it gets `PORT=0` and prints `http://host:port` on its
   * standard output. `'found'`: it gets a free port in `PORT`; what it prints, and on Linux where it listens, is looked
   * at as well. Or an address, which is the one in `PORT`, whatever the server makes of it.
   * @defaultValue 'printed'
   */
  readonly address?: 'printed' | 'found' | Target | undefined;
  /**
   * How it is known that it listens, if connecting to `address` says nothing: others listen there, or it is in a network
   * of its own. On Linux only.
   */
  readonly watch?: boolean | undefined;
}

const TAIL = 4_000;
const POLL = 20;
/** Milliseconds that a server has to use the port it was given before other places are looked at. */
const OWN_PORT_FIRST = 300;

/**
 * Starts a server in a process of its own, which leads a process group of its own, and waits until it listens.
 * @throws ERR_PROBE_START_FAILED, ERR_PROBE_PORT_IN_USE
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { address = 'printed', startTimeout = 10_000 } = options;
  const given = typeof address === 'object' ? address : undefined;
  if (given && !options.watch && (await accepts(given))) {
    throw new ProbeError(
      'ERR_PROBE_PORT_IN_USE',
      `${formatTarget(given)} is in use: something accepted a connection there before the server was started`,
    );
  }
  const port = given?.port ?? (address === 'found' ? await findFreePort() : 0);

  const [program = '', ...args] = options.command;
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...inherited, PORT: given?.path ?? String(port), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Its own group: all that it starts can be ended with it, and a Ctrl-C at the terminal is not a second signal.
    detached: process.platform !== 'win32',
  });
  let printed: Target | undefined;
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
  const hasPrinted = new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
      printed ??= findTarget(stdout);
      if (printed) resolve();
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

  /** Asks again and again where connections are accepted. */
  async function find(): Promise<Target | undefined> {
    const spawnedAt = now();
    while (!exit && !failure && now() - spawnedAt < startTimeout) {
      if (given && options.watch) {
        if (listeners().some((listener) => listener.port === given.port)) return given;
      } else {
        for (const candidate of candidates(now() - spawnedAt)) {
          if (await accepts(candidate)) return exit ? undefined : candidate;
        }
      }
      await sleep(POLL);
    }
    return undefined;
  }

  const listeners = (): Listener[] => (child.pid === undefined ? [] : findListeners(child.pid));

  function candidates(time: number): Target[] {
    if (given) return [given];
    const own = hosts(port);
    if (time < OWN_PORT_FIRST) return own;
    return [
      ...own,
      ...(printed ? [printed] : []),
      ...listeners().flatMap((listener) => hosts(listener.port)),
    ];
  }

  async function findPrinted(): Promise<Target | undefined> {
    await within(Promise.race([hasPrinted, exited]), startTimeout);
    return printed;
  }

  const target = address === 'printed' ? await findPrinted() : await find();
  if (!target || exit || failure) {
    const why = failure?.message ?? (exit ? `it ended, ${describeExit(exit)}` : describeSilence());
    await destroy();
    throw new ProbeError(
      'ERR_PROBE_START_FAILED',
      `${options.command.join(' ')} did not start: ${why}\n${stdout}${stderr}`,
      { cause: failure },
    );
  }

  function describeSilence(): string {
    const time = `${startTimeout / 1_000} s`;
    if (address === 'printed') return `it printed no address in time (${time})`;
    if (given) return `nothing listened on ${formatTarget(given)} within ${time}`;
    return `it opened no port within ${time} (the one in PORT was ${port})`;
  }

  return {
    target,
    port,
    get listensOnAll() {
      const own = listeners().filter((listener) => listener.port === target.port);
      return own.length === 0 ? undefined : own.some((listener) => listener.all);
    },
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
    get leftBehind() {
      return exit !== undefined && child.pid !== undefined && groupRuns(child.pid);
    },
    signal(name, group) {
      if (group && child.pid !== undefined) process.kill(-child.pid, name);
      else child.kill(name);
    },
    destroy,
  };
}

function hosts(port: number): Target[] {
  return ['127.0.0.1', '::1'].map((host) => ({ host, port }));
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
