import { formatAuthority, type Target } from '../network/target.ts';
import type { LoadSettings } from './load-options.ts';

export interface RequestOptions {
  readonly method?: string;
  /** Added to those of the settings, as `Name: value`. */
  readonly headers?: readonly string[];
}

/** Where a request goes, and the headers that all requests have. */
export interface RequestContext {
  readonly target: Target;
  readonly settings: Pick<LoadSettings, 'headers'>;
}

/** The head of an HTTP/1.1 request. */
export function formatRequest(context: RequestContext, path: string, options: RequestOptions = {}): Buffer {
  const { method = 'GET', headers = [] } = options;
  const own = context.settings.headers;
  const host = own.some(isHost) ? [] : [`Host: ${formatAuthority(context.target)}`];
  const lines = [`${method} ${path} HTTP/1.1`, ...host, ...own, ...headers];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

const isHost = (line: string): boolean => /^host:/i.test(line);

/** Headers by their name in lower case, as HTTP/2 and WebSocket clients want them. */
export function headersByName(lines: readonly string[]): Record<string, string | string[]> {
  const headers: Record<string, string[]> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    (headers[line.slice(0, colon).toLowerCase()] ??= []).push(line.slice(colon + 1).trim());
  }
  const single = ([name, values]: [string, string[]]): [string, string | string[]] => [
    name,
    values.length === 1 ? (values[0] as string) : values,
  ];
  return Object.fromEntries(Object.entries(headers).map(single));
}
