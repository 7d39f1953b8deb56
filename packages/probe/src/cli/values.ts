import { constants } from 'node:os';
import { InvalidArgumentError } from 'commander';
import { scenarios } from '../scenarios/all.ts';

/** Fewer bare milliseconds under load are taken for a duration in seconds, as other load generators want it. */
const SECONDS_MEANT_BELOW_MS = 50;

export function integer(least: number, most: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && value <= most && text.trim() !== '') return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `>= ${least}` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`Expected a whole number ${range}.`);
  };
}

/** Milliseconds; `5s` and `500ms` are understood as well. */
export function milliseconds(
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): (text: string) => number {
  return (text) => {
    const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s)?$/.exec(text.trim()) ?? [];
    const value = Number(number) * (unit === 's' ? 1_000 : 1);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `>= ${least}` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`Expected milliseconds ${range}, as 700, 700ms or 5s.`);
  };
}

/** As `milliseconds`, for the time under load. */
export function duration(text: string): number {
  const value = milliseconds(0)(text);
  if (value === 0 || value >= SECONDS_MEANT_BELOW_MS || text.trim().endsWith('s')) return value;
  throw new InvalidArgumentError(`All times are in milliseconds: write ${text}s for seconds, or ${text}ms.`);
}

export function signalName(text: string): NodeJS.Signals {
  const name = text.toUpperCase().startsWith('SIG') ? text.toUpperCase() : `SIG${text.toUpperCase()}`;
  if (name in constants.signals) return name as NodeJS.Signals;
  throw new InvalidArgumentError('Expected the name of a signal, as SIGTERM.');
}

export function urlPath(text: string): string {
  if (/^\/[!-~]*$/.test(text)) return text;
  throw new InvalidArgumentError('Expected a path that begins with / and has no spaces.');
}

/** One of several headers. */
export function header(text: string, before: readonly string[] = []): string[] {
  if (/^[\w!#$%&'*+.^`|~-]+:[\t -~\u0080-\u00FF]*$/.test(text)) return [...before, text];
  throw new InvalidArgumentError(`Expected a header as 'Authorization: Bearer token'.`);
}

export function listScenarios(): string {
  return scenarios.map(({ name }) => name).join(', ');
}

/** Names with commas between them, in one or several options. */
export function scenarioNames(text: string, before: readonly string[] = []): string[] {
  const names = text.split(',').map((name) => name.trim());
  for (const name of names) {
    if (!scenarios.some((scenario) => scenario.name === name)) {
      throw new InvalidArgumentError(`There is no '${name}'. There are ${listScenarios()}.`);
    }
  }
  return [...before, ...names];
}
