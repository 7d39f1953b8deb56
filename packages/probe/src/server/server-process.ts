import { ProbeError } from '../errors.ts';
import { now } from '../measure/attempt.ts';
import { within } from '../measure/within.ts';
import { findTarget, formatTarget, isLoopback, type Target } from '../network/target.ts';
import { startChild, type Child } from './child.ts';
import { accepts, findFreePort, findListeners, groupRuns, type Listener } from './ports.ts';
import { describeExit, type Server } from './server.ts';

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
   * How it is known where the server listens. `'printed'`: the server gets `PORT=0` and prints `http://host:port` on
   * its standard output. `'found'`: the server gets a free port in `PORT`; what it prints, and on Linux where it
   * listens, is looked at as well. Or an address: its port is in `PORT`, whatever the server makes of it.
   * @defaultValue 'found'
   */
  readonly address?: 'printed' | 'found' | Target | undefined;
  /**
   * Whether the kernel's table of sockets says that the server listens, since connecting to `address` would not: others
   * listen there, or the server is in a network of its own. On Linux only.
   */
  readonly watch?: boolean | undefined;
}

const POLL_MS = 20;
/** Time that a server has to use the port it was given before other places are looked at. */
const OWN_PORT_FIRST_MS = 300;

/**
 * Starts a server in a process of its own, which leads a process group of its own, and waits until it listens.
 * @throws ERR_PROBE_START_FAILED, ERR_PROBE_PORT_IN_USE
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { address = 'found', startTimeout = 10_000, watch = false } = options;
  const given = typeof address === 'object' ? address : undefined;
  if (given && !watch && (await accepts(given))) {
    throw new ProbeError(
      'ERR_PROBE_PORT_IN_USE',
      `${formatTarget(given)} is in use: something accepted a connection there before the server was started`,
    );
  }
  const port = given?.port ?? (address === 'found' ? await findFreePort() : 0);
  let printed: Target | undefined;
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const child = startChild({
    command: options.command,
    cwd: options.cwd,
    env: { ...inherited, PORT: given?.path ?? String(port), ...options.env },
    onOutput: (text) => void (printed ??= findTarget(text)),
  });
  const listeners = (): Listener[] => (child.pid === undefined ? [] : findListeners(child.pid));

  /** Where the server accepts connections by now. */
  async function look(time: number): Promise<Target | undefined> {
    if (address === 'printed') return printed;
    if (given && watch)
      return listeners().some((listener) => listener.port === given.port) ? given : undefined;
    for (const candidate of given ? [given] : candidates(time))
      if (await accepts(candidate)) return candidate;
    return undefined;
  }

  function candidates(time: number): Target[] {
    const own = hosts(port);
    if (time < OWN_PORT_FIRST_MS) return own;
    const others = listeners().flatMap((listener) => hosts(listener.port));
    return [...own, ...(printed && isLoopback(printed) ? [printed] : []), ...others];
  }

  async function find(): Promise<Target | undefined> {
    const spawnedAt = now();
    while (!child.exit && !child.failure && now() - spawnedAt < startTimeout) {
      const found = await look(now() - spawnedAt);
      if (found) return child.exit ? undefined : found;
      await within(child.exited, POLL_MS);
    }
    return undefined;
  }

  const target = await find();
  if (!target) {
    const why = whyNotStarted(child) ?? describeSilence(address, startTimeout, port, printed);
    await child.destroy();
    const text = `${options.command.join(' ')} did not start: ${why}\n${child.stdout}${child.stderr}`;
    throw new ProbeError('ERR_PROBE_START_FAILED', text, { cause: child.failure });
  }
  return {
    target,
    pid: child.pid,
    port,
    get listensOnAll() {
      const own = listeners().filter((listener) => listener.port === target.port);
      return own.length === 0 ? undefined : own.some((listener) => listener.all);
    },
    exited: child.exited,
    get exit() {
      return child.exit;
    },
    get stdout() {
      return child.stdout;
    },
    get stderr() {
      return child.stderr;
    },
    get leftBehind() {
      return child.exit !== undefined && child.pid !== undefined && groupRuns(child.pid);
    },
    signal: (name, group) => child.signal(name, group),
    destroy: () => child.destroy(),
  };
}

function whyNotStarted({ failure, exit }: Child): string | undefined {
  return failure?.message ?? (exit && `it ended, ${describeExit(exit)}`);
}

function describeSilence(
  address: ServerOptions['address'],
  startTimeout: number,
  port: number,
  printed: Target | undefined,
): string {
  const time = `${startTimeout / 1_000} s`;
  if (address === 'printed') return `it printed no address in time (${time})`;
  if (typeof address === 'object') return `nothing listened on ${formatTarget(address)} within ${time}`;
  const elsewhere = printed ? `, and it printed ${formatTarget(printed)}` : '';
  return `it opened no port within ${time} (the one in PORT was ${port}${elsewhere})`;
}

function hosts(port: number): Target[] {
  return ['127.0.0.1', '::1'].map((host) => ({ host, port }));
}
