import { expected, GracefulTypeError } from './errors.ts';
import { unknownName } from './option-names.ts';
import type { CoordinatorOptions, QuietDelay } from './options.ts';

const PREFIX = 'GRACEFUL_CLUSTER_';

type Read = (name: string, text: string) => unknown;

const milliseconds: Read = (name, text) => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw invalid(name, 'a number of milliseconds', text);
  return value;
};

const flag: Read = (name, text) => {
  if (text !== 'true' && text !== 'false') throw invalid(name, 'true or false', text);
  return text === 'true';
};

/** A number, or JSON as in `{"min":5000,"max":15000,"quiet":2000}`. */
const delay: Read = (name, text) => {
  if (!text.trimStart().startsWith('{')) return milliseconds(name, text);
  try {
    return JSON.parse(text) as QuietDelay;
  } catch {
    throw invalid(name, 'a number of milliseconds, or JSON with min, max and quiet', text);
  }
};

/** What each variable sets. `NATIVE` is read where the addon is loaded (kernel/addon.ts). */
const variables: Readonly<
  Record<string, readonly [option: keyof CoordinatorOptions, read: Read] | undefined>
> = {
  TIMEOUT: ['timeout', milliseconds],
  CLEANUP_TIMEOUT: ['cleanupTimeout', milliseconds],
  SHUTDOWN_DELAY: ['shutdownDelay', delay],
  KEEP_ALIVE_GRACE: ['keepAliveGrace', milliseconds],
  HANDSHAKE_TIMEOUT: ['handshakeTimeout', milliseconds],
  SECOND_SIGNAL_DELAY: ['secondSignalDelay', milliseconds],
  SIGNALS: ['signals', (_name, text) => text.split(',').map((signal) => signal.trim())],
  SEAL: ['seal', (_name, text) => text],
  HANDLE_FATAL_ERRORS: ['handleFatalErrors', flag],
  LOG: ['logger', flag],
  NATIVE: undefined,
};

/**
 * The options of a program that is run with `--import` and has no line for them: `GRACEFUL_CLUSTER_TIMEOUT=20000`.
 *
 * @throws ERR_GRACEFUL_INVALID_OPTION for a variable of an unknown name, and for a value that is not of its kind
 */
export function readEnvironment(env: NodeJS.ProcessEnv): CoordinatorOptions {
  const options: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith(PREFIX) || text === undefined) continue;
    const key = name.slice(PREFIX.length);
    if (!Object.hasOwn(variables, key)) {
      const known = Object.keys(variables).map((each) => PREFIX + each);
      const why = unknownName(name, known).replace('unknown option', 'unknown environment variable');
      throw new GracefulTypeError('ERR_GRACEFUL_INVALID_OPTION', why);
    }
    const variable = variables[key];
    if (variable !== undefined) options[variable[0]] = variable[1](name, text);
  }
  return options;
}

function invalid(name: string, rule: string, got: string): GracefulTypeError {
  return expected('ERR_GRACEFUL_INVALID_OPTION', name, rule, got);
}
