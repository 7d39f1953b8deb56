import { checkOptionNames } from './option-names.ts';
import { checkSignals, checkTime, invalid, resolveLogger } from './option-values.ts';
import type { Logger } from './logger.ts';
import type { ShutdownReport, Seal } from './report.ts';

/** A delay that ends early: when no new connection came for a while, but never before `min`. All in milliseconds. */
export interface QuietDelay {
  /**
   * The longest time that clients may need to learn of the stop. Silence proves nothing before: to a quiet service the
   * clients that do not know yet come seconds apart.
   * @defaultValue 5000, or `max` if that is less
   */
  readonly min?: number | undefined;
  /** The delay ends here at the latest. */
  readonly max: number;
  /** After `min`, the delay ends when no new connection came for so long. */
  readonly quiet: number;
}

/** Called instead of `process.exit`, at the end of a shutdown that would end the process. */
export type ExitFunction = (code: number, report: ShutdownReport) => void;

/** Options of `createCoordinator`. All times are in milliseconds. */
export interface CoordinatorOptions {
  /**
   * Signals that start a shutdown and, at its end, the exit of the process. `[]` for none.
   * @defaultValue `['SIGTERM', 'SIGINT']`, on Windows also `'SIGBREAK'`
   */
  readonly signals?: readonly NodeJS.Signals[] | undefined;
  /**
   * Milliseconds for everything, from the signal to the exit; 100 or more. Below the 10 s of Docker and Cloud Run.
   * @defaultValue 9000
   */
  readonly timeout?: number | undefined;
  /**
   * Milliseconds of `timeout` kept for what runs after the drain: `onShutdown` hooks, signal listeners of the program's
   * own, an `exit` function, workers. Connections are cut when only this is left. Where there is none of them, less
   * is kept: at most 500, and 0.1 for each open connection. By default at most a quarter of `timeout`.
   * @defaultValue 2000
   */
  readonly cleanupTimeout?: number | undefined;
  /**
   * Milliseconds in which readiness is false and traffic is still served, with `Connection: close`, before the
   * listeners close: for load balancers that learn late (Kubernetes endpoints). Or `{ min, max, quiet }`: a delay
   * that ends between `min` and `max`, when no new connection came for `quiet` milliseconds.
   * @defaultValue 0
   */
  readonly shutdownDelay?: number | QuietDelay | undefined;
  /**
   * Milliseconds for which an idle keep-alive connection stays open; a request in that time is served with
   * `Connection: close`. Clients whose think time is shorter lose nothing. One that never sent a byte stays until it
   * is `handshakeTimeout` + `keepAliveGrace` old as well: where packets of a fresh connection are lost, the client
   * sends its request again only after 1 to 3 s. Not so over loopback.
   * @defaultValue 1000
   */
  readonly keepAliveGrace?: number | undefined;
  /**
   * Longest wait in milliseconds for clients in the middle of their TCP handshake. It overlaps with the drain. It
   * must exceed the kernel's 1 s SYN-ACK timer plus a round trip, or packet loss costs resets. See `keepAliveGrace` for
   * what it means to connections that are accepted.
   * @defaultValue 2500
   */
  readonly handshakeTimeout?: number | undefined;
  /**
   * Milliseconds after the first signal from which a second one forces the exit, with 128 + its number. Before,
   * it is ignored: terminals, npm and pnpm send signals twice.
   * @defaultValue 1000
   */
  readonly secondSignalDelay?: number | undefined;
  /**
   * How listeners are taken off the network: `'auto'`, or one method by name. One that cannot be used falls to the
   * next, and the report says why.
   * @defaultValue 'auto'
   */
  readonly seal?: 'auto' | Seal | undefined;
  /**
   * Whether `uncaughtException` and `unhandledRejection` begin a shutdown that ends with code 1.
   * @defaultValue false
   */
  readonly handleFatalErrors?: boolean | undefined;
  /**
   * Whether a person waits for the stop: then `shutdownDelay` is 0, `keepAliveGrace` at most 50 and `handshakeTimeout`
   * at most 100. Requests in flight have all their time.
   * True for a SIGINT or SIGUSR2 at a terminal and in a program that `node --watch` runs, if not given.
   * @defaultValue found out
   */
  readonly development?: boolean | undefined;
  /**
   * Anything with pino's level methods; `true` for readable lines on stderr, `false` for silence. Without one a clean
   * stop says nothing, and one that is not clean says why on stderr.
   * @defaultValue none
   */
  readonly logger?: Logger | boolean | undefined;
  /**
   * Whether the process exits at the end of a shutdown that a signal or an error began. A function is called with the
   * code and the report instead.
   * @defaultValue true
   */
  readonly exit?: boolean | ExitFunction | undefined;
}

/** A `shutdownDelay` with nothing left open: a number `n` is `{ min: n, max: n, quiet: Infinity }`. */
export interface Delay {
  readonly min: number;
  readonly max: number;
  readonly quiet: number;
}

export interface Settings {
  readonly signals: readonly NodeJS.Signals[];
  readonly timeout: number;
  readonly cleanupTimeout: number;
  readonly shutdownDelay: Delay;
  readonly keepAliveGrace: number;
  readonly handshakeTimeout: number;
  readonly secondSignalDelay: number;
  readonly seal: 'auto' | Seal;
  readonly handleFatalErrors: boolean;
  readonly development: boolean | undefined;
  /** Undefined where the program gave none, or wants none. */
  readonly logger: Logger | undefined;
  /** Whether not even a stop that is not clean may say so: `logger: false`. */
  readonly silent: boolean;
  readonly exit: boolean | ExitFunction;
}

const seals: readonly unknown[] = ['auto', 'detach', 'filter', 'backlog', 'unlink', 'shutdown', 'none'];

/** Shortest `timeout`: a smaller number was meant as seconds. */
const SHORTEST_TIMEOUT_MS = 100;

/**
 * Default of `shutdownDelay.min` in milliseconds. With a shorter one, and endpoints that changed 2 to 5 s late, a
 * service with one request a second lost 13 of 207: it was quiet for 2 s before the clients had learned of the stop.
 */
const LEAST_DELAY_MS = 5_000;

const UNIT = 'all times are in milliseconds';

export const defaults: Omit<Settings, 'silent'> = {
  signals: process.platform === 'win32' ? ['SIGTERM', 'SIGINT', 'SIGBREAK'] : ['SIGTERM', 'SIGINT'],
  timeout: 9_000,
  cleanupTimeout: 2_000,
  shutdownDelay: { min: 0, max: 0, quiet: Infinity },
  keepAliveGrace: 1_000,
  handshakeTimeout: 2_500,
  secondSignalDelay: 1_000,
  seal: 'auto',
  handleFatalErrors: false,
  development: undefined,
  logger: undefined,
  exit: true,
};

/** The names of all options of `createCoordinator`, for adapters that have more. */
export const optionNames: readonly string[] = Object.keys(defaults);

/** Drops undefined, merges the defaults, checks every rule. @throws ERR_GRACEFUL_INVALID_OPTION */
export function resolveOptions(options: CoordinatorOptions): Settings {
  checkOptionNames(options, optionNames, 'createCoordinator().attach(server)');
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const { timeout = defaults.timeout } = options;
  checkTime('timeout', timeout, 1);
  if (timeout < SHORTEST_TIMEOUT_MS) {
    throw invalid('timeout', `at least ${SHORTEST_TIMEOUT_MS}: ${UNIT}`, timeout);
  }
  const settings: Settings = Object.freeze({
    ...defaults,
    cleanupTimeout: Math.min(defaults.cleanupTimeout, timeout / 4),
    ...(given as Partial<Settings>),
    signals: checkSignals('signals', options.signals === undefined ? defaults.signals : options.signals),
    shutdownDelay: checkDelay(options.shutdownDelay === undefined ? 0 : options.shutdownDelay),
    logger: resolveLogger(options.logger),
    silent: options.logger === false,
  });
  for (const name of ['cleanupTimeout', 'keepAliveGrace', 'handshakeTimeout', 'secondSignalDelay'] as const) {
    checkTime(name, settings[name], 0);
  }
  checkSum(settings, options.timeout);
  if (!seals.includes(settings.seal)) throw invalid('seal', `one of ${seals.join(', ')}`, settings.seal);
  if (typeof settings.handleFatalErrors !== 'boolean') {
    throw invalid('handleFatalErrors', 'a boolean', settings.handleFatalErrors);
  }
  if (settings.development !== undefined && typeof settings.development !== 'boolean') {
    throw invalid('development', 'a boolean', settings.development);
  }
  if (typeof settings.exit !== 'boolean' && typeof settings.exit !== 'function') {
    throw invalid('exit', 'a boolean or a function', settings.exit);
  }
  return settings;
}

function checkSum({ timeout, shutdownDelay, cleanupTimeout }: Settings, given: number | undefined): void {
  const sum = shutdownDelay.max + cleanupTimeout;
  if (sum < timeout) return;
  if (given === undefined) {
    const less = `less than \`timeout\`, which is ${timeout} by default: set \`timeout\` as well (${UNIT})`;
    throw invalid('shutdownDelay + cleanupTimeout', less, sum);
  }
  throw invalid('timeout', `greater than shutdownDelay + cleanupTimeout (${sum}; ${UNIT})`, timeout);
}

function checkDelay(value: number | QuietDelay): Delay {
  if (typeof value !== 'object' || value === null) {
    checkTime('shutdownDelay', value, 0);
    return { min: value, max: value, quiet: Infinity };
  }
  for (const key of Object.keys(value)) {
    if (['min', 'max', 'quiet'].includes(key)) continue;
    throw invalid('shutdownDelay', 'a number or { min, max, quiet }', value);
  }
  const { max, quiet, min = Math.min(LEAST_DELAY_MS, max) } = value;
  checkTime('shutdownDelay.max', max, 0);
  checkTime('shutdownDelay.quiet', quiet, 1);
  checkTime('shutdownDelay.min', min, 0);
  if (min > max) throw invalid('shutdownDelay.min', `at most \`shutdownDelay.max\` (${max}; ${UNIT})`, min);
  return { min, max, quiet };
}
