import type { LoadSettings } from './load-options.ts';

/**
 * Whether a complete response says that there is no answer: 5xx, and 4xx unless that is what the server is asked for.
 */
export function isErrorStatus(status: number, { allow4xx }: Pick<LoadSettings, 'allow4xx'>): boolean {
  return status >= (allow4xx ? 500 : 400);
}
