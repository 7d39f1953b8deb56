import { inspect } from 'node:util';
import { showValue } from './describe.ts';
import { docsLink } from './docs.ts';

/**
 * Codes of every error that this package throws, or puts into a report. Match on `code`, never on the message.
 * docs/errors.md explains each; a test keeps the two equal.
 */
export const errorCodes = [
  'ERR_GRACEFUL_INVALID_OPTION',
  'ERR_GRACEFUL_INVALID_ARGUMENT',
  'ERR_GRACEFUL_SERVER_OWNED',
  'ERR_GRACEFUL_HOOK_EXISTS',
  'ERR_GRACEFUL_HOOK_CYCLE',
  'ERR_GRACEFUL_TOO_LATE',
  'ERR_GRACEFUL_NOT_PRIMARY',
  'ERR_GRACEFUL_RELOAD_FAILED',
  'ERR_GRACEFUL_LISTENER_CLOSED',
] as const;

export type GracefulErrorCode = (typeof errorCodes)[number];

/** Codes of the process warnings (`process.on('warning')`); each is given once. */
export const warningCodes = [
  'WARN_GRACEFUL_NO_SERVER',
  'WARN_GRACEFUL_UNKNOWN_HOOK',
  'WARN_GRACEFUL_SHELL_BETWEEN',
  'WARN_GRACEFUL_LATE_COORDINATOR',
  'WARN_GRACEFUL_WORKER_THREAD',
] as const;

export type GracefulWarningCode = (typeof warningCodes)[number];

/** Ends a message with the place where its code is explained. */
function withLink(code: GracefulErrorCode | GracefulWarningCode, message: string): string {
  return `${message} (${docsLink(`errors.md#${code.toLowerCase()}`)})`;
}

/** What depends on the moment, such as a hook added too late. The message ends with a link to the code's page. */
export class GracefulError extends Error {
  override readonly name = 'GracefulError';
  readonly code: GracefulErrorCode;

  constructor(code: GracefulErrorCode, message: string) {
    super(withLink(code, message));
    this.code = code;
  }
}

/** Wrong use, thrown at once: a bad option or argument. The message ends with a link to the code's page. */
export class GracefulTypeError extends TypeError {
  override readonly name = 'GracefulTypeError';
  readonly code: GracefulErrorCode;

  constructor(code: GracefulErrorCode, message: string) {
    super(withLink(code, message));
    this.code = code;
  }
}

const warned = new Set<GracefulWarningCode>();

/** Warns once per code, in each copy of this package. */
export function warn(code: GracefulWarningCode, message: string): void {
  if (warned.has(code)) return;
  warned.add(code);
  process.emitWarning(withLink(code, message), { type: 'GracefulWarning', code });
}

/**
 * `expected \`timeout\` to be a finite number > 0, got 'x' (string)`
 *
 * @param advice - the end of the message
 */
export function expected(
  code: GracefulErrorCode,
  name: string,
  rule: string,
  got: unknown,
  advice = '',
): GracefulTypeError {
  return new GracefulTypeError(code, `expected \`${name}\` to be ${rule}, got ${showValue(got)}${advice}`);
}

/** What of a thrown value goes into a report, which is plain data. */
export function describeError(error: unknown): string {
  try {
    return error instanceof Error ? (error.stack ?? `${error.name}: ${error.message}`) : String(error);
  } catch {
    // No prototype, or a getter or toString that throws.
    return inspect(error, { customInspect: false });
  }
}
