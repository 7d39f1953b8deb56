import { constants } from 'node:os';
import { expected, GracefulTypeError } from './errors.ts';
import type { ShutdownReport, Seal } from './report.ts';

/** Any object with pino's level methods: pino itself, `fastify.log`, or five functions of your own. */
export interface Logger {
  readonly debug: (details: object, message: string) => void;
  readonly info: (details: object, message: string) => void;
  readonly warn: (details: object, message: string) => void;
  readonly error: (details: object, message: string) => void;
}

/** A delay that ends early: as soon as no new connection came for `quiet` milliseconds, at most after `max`. */
export interface QuietDelay {
  readonly max: number;
  readonly quiet: number;
}

/** Called instead of `process.exit` when a signal began the shutdown. */
export type ExitFunction = (code: number, report: ShutdownReport) => void;

/** All times are in milliseconds. */
export interface CoordinatorOptions {
  /**
   * Signals that start a shutdown and, at its end, the exit of the process. `[]` for none.
   * @defaultValue `['SIGTERM', 'SIGINT']`, on Windows also `'SIGBREAK'`
   */
  readonly signals?: readonly NodeJS.Signals[] | undefined;
  /**
   * Milliseconds for everything, from the signal to the exit. Below the 10 s of Docker and Cloud Run.
   * @defaultValue 9000
   */
  readonly timeout?: number | undefined;
  /**
   * Milliseconds of `timeout` kept for `onShutdown` hooks: connections are cut when only this is left.
   * @defaultValue 2000
   */
  readonly cleanupTimeout?: number | undefined;
  /**
   * Milliseconds in which readiness is false and traffic is still served, with `Connection: close`, before the
   * listeners close: for load balancers that learn late (Kubernetes endpoints). Or `{ max, quiet }`.
   * @defaultValue 0
   */
  readonly shutdownDelay?: number | QuietDelay | undefined;
  /**
   * Milliseconds for which an idle keep-alive connection stays open; a request in that time is served with
   * `Connection: close`. Clients whose think time is shorter lose nothing. One that never sent a byte stays until it
   * is `handshakeTimeout` + `keepAliveGrace` old as well: where packets of a fresh connection are lost, the client
   * sends its request again only after 1 to 3 s.
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
   * Anything with pino's level methods.
   * @defaultValue none
   */
  readonly logger?: Logger | undefined;
  /**
   * Whether the process exits at the end of a shutdown that a signal began. A function is called with the code and
   * the report instead.
   * @defaultValue true
   */
  readonly exit?: boolean | ExitFunction | undefined;
}

export interface Settings {
  readonly signals: readonly NodeJS.Signals[];
  readonly timeout: number;
  readonly cleanupTimeout: number;
  readonly shutdownDelay: QuietDelay;
  readonly keepAliveGrace: number;
  readonly handshakeTimeout: number;
  readonly secondSignalDelay: number;
  readonly seal: 'auto' | Seal;
  readonly handleFatalErrors: boolean;
  readonly logger: Logger | undefined;
  readonly exit: boolean | ExitFunction;
}

const seals: readonly unknown[] = ['auto', 'detach', 'filter', 'backlog', 'unlink', 'none'];
const levels = ['debug', 'info', 'warn', 'error'] as const;

/** Longest time a Node timer can hold (2^31 − 1 ms); a longer one fires at once. */
const LONGEST = 2_147_483_647;

export const defaults: Settings = {
  signals: process.platform === 'win32' ? ['SIGTERM', 'SIGINT', 'SIGBREAK'] : ['SIGTERM', 'SIGINT'],
  timeout: 9_000,
  cleanupTimeout: 2_000,
  shutdownDelay: { max: 0, quiet: Infinity },
  keepAliveGrace: 1_000,
  handshakeTimeout: 2_500,
  secondSignalDelay: 1_000,
  seal: 'auto',
  handleFatalErrors: false,
  logger: undefined,
  exit: true,
};

/** Drops undefined, merges the defaults, checks every rule. @throws ERR_GRACEFUL_INVALID_OPTION */
export function resolveOptions(options: CoordinatorOptions): Settings {
  if (typeof options !== 'object' || options === null) throw invalid('options', 'an object', options);
  for (const [key, value] of Object.entries(options)) {
    if (Object.hasOwn(defaults, key)) continue;
    throw invalid(key, `left out: it is not one of ${Object.keys(defaults).join(', ')}`, value);
  }
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const settings: Settings = Object.freeze({
    ...defaults,
    ...(given as Partial<Settings>),
    signals: checkSignals('signals', options.signals === undefined ? defaults.signals : options.signals),
    shutdownDelay: checkDelay(options.shutdownDelay === undefined ? 0 : options.shutdownDelay),
  });
  checkTime('timeout', settings.timeout, 1);
  for (const name of ['cleanupTimeout', 'keepAliveGrace', 'handshakeTimeout', 'secondSignalDelay'] as const) {
    checkTime(name, settings[name], 0);
  }
  if (settings.shutdownDelay.max + settings.cleanupTimeout >= settings.timeout) {
    const rule = `greater than shutdownDelay + cleanupTimeout (${settings.shutdownDelay.max + settings.cleanupTimeout})`;
    throw invalid('timeout', rule, settings.timeout);
  }
  if (!seals.includes(settings.seal)) throw invalid('seal', `one of ${seals.join(', ')}`, settings.seal);
  if (typeof settings.handleFatalErrors !== 'boolean') {
    throw invalid('handleFatalErrors', 'a boolean', settings.handleFatalErrors);
  }
  if (typeof settings.exit !== 'boolean' && typeof settings.exit !== 'function') {
    throw invalid('exit', 'a boolean or a function', settings.exit);
  }
  checkLogger(settings.logger);
  return settings;
}

function checkTime(name: string, value: unknown, least: 0 | 1): void {
  const rule = least === 0 ? 'a finite number >= 0' : 'a finite number > 0';
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0 || (least === 1 && value === 0)) {
    throw invalid(name, rule, value);
  }
  if (value > LONGEST) throw invalid(name, `at most ${LONGEST}`, value);
}

function checkDelay(value: number | QuietDelay): QuietDelay {
  if (typeof value !== 'object' || value === null) {
    checkTime('shutdownDelay', value, 0);
    return { max: value, quiet: Infinity };
  }
  for (const key of Object.keys(value)) {
    if (key !== 'max' && key !== 'quiet') throw invalid('shutdownDelay', 'a number or { max, quiet }', value);
  }
  checkTime('shutdownDelay.max', value.max, 0);
  checkTime('shutdownDelay.quiet', value.quiet, 1);
  return { max: value.max, quiet: value.quiet };
}

export function checkSignals(name: string, signals: unknown): readonly NodeJS.Signals[] {
  if (!Array.isArray(signals)) throw invalid(name, 'an array of signal names', signals);
  for (const signal of signals as unknown[]) {
    if (typeof signal !== 'string' || !Object.hasOwn(constants.signals, signal)) {
      throw invalid(name, 'signal names such as SIGTERM', signal);
    }
    if (signal === 'SIGKILL' || signal === 'SIGSTOP') {
      throw invalid(name, 'signals that can be caught', signal);
    }
  }
  return [...new Set(signals as NodeJS.Signals[])];
}

function checkLogger(logger: unknown): void {
  if (logger === undefined) return;
  const complete =
    typeof logger === 'object' &&
    logger !== null &&
    levels.every((level) => typeof (logger as Readonly<Record<string, unknown>>)[level] === 'function');
  if (!complete) throw invalid('logger', `an object with the methods ${levels.join(', ')}`, logger);
}

function invalid(name: string, rule: string, got: unknown): GracefulTypeError {
  return expected('ERR_GRACEFUL_INVALID_OPTION', name, rule, got);
}
