import { constants } from 'node:os';
import { expected, type GracefulTypeError } from './errors.ts';
import { createLineLogger, type Logger } from './logger.ts';

const levels = ['debug', 'info', 'warn', 'error'] as const;

/** Longest time a Node timer can hold (2^31 − 1 ms); a longer one fires at once. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** @param least - whether 0 is allowed (0), or not (1) */
export function checkTime(name: string, value: unknown, least: 0 | 1): void {
  const rule = least === 0 ? 'a finite number >= 0' : 'a finite number > 0';
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0 || (least === 1 && value === 0)) {
    throw invalid(name, rule, value);
  }
  if (value > LONGEST_TIMER_MS) throw invalid(name, `at most ${LONGEST_TIMER_MS}`, value);
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

export function resolveLogger(logger: unknown): Logger | undefined {
  if (logger === undefined || logger === false) return undefined;
  if (logger === true) return createLineLogger();
  const complete =
    typeof logger === 'object' &&
    logger !== null &&
    levels.every((level) => typeof (logger as Readonly<Record<string, unknown>>)[level] === 'function');
  if (complete) return logger as Logger;
  throw invalid('logger', `a boolean or an object with the methods ${levels.join(', ')}`, logger);
}

export function invalid(name: string, rule: string, got: unknown): GracefulTypeError {
  return expected('ERR_GRACEFUL_INVALID_OPTION', name, rule, got);
}
