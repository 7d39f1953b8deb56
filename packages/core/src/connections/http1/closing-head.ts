import type { ServerResponse } from 'node:http';

/** What `writeHead` takes: an object, names and values in turn, or pairs of them. */
type Headers = Readonly<Record<string, unknown>> | readonly unknown[];

/**
 * The headers of a response as the application gave them, but with `Connection: close`. Node obeys a `Connection:
 * keep-alive` of the application's own, which tutorials write into event streams, and proxies copy from upstream.
 * `Keep-Alive` goes as well; other connection options stay (RFC 9110, section 7.6.1).
 *
 * @param headers - as `writeHead` was given them; where some were set before, Node takes those of the response
 */
export function closingHead(response: ServerResponse, headers: unknown): unknown {
  if (response.getHeaderNames().length > 0) {
    response.setHeader('Connection', closeAnd(response.getHeader('connection')));
    response.removeHeader('Keep-Alive');
    return headers;
  }
  const given = (headers ?? []) as Headers;
  // Node throws for a list of odd length: the application is to see that.
  if (isList(given) && !Array.isArray(given[0]) && given.length % 2 !== 0) return headers;
  const pairs = pairsOf(given);
  const own = pairs.filter(([name]) => isNamed(name, 'connection')).map(([, value]) => value);
  const rest = pairs.filter(([name]) => !isNamed(name, 'connection') && !isNamed(name, 'keep-alive'));
  return [...rest, ['Connection', closeAnd(own)]].flat();
}

function isList(headers: Headers): headers is readonly unknown[] {
  return Array.isArray(headers);
}

function pairsOf(headers: Headers): readonly (readonly [unknown, unknown])[] {
  if (!isList(headers)) return Object.entries(headers);
  if (Array.isArray(headers[0])) return headers as readonly (readonly [unknown, unknown])[];
  return headers.flatMap((name, index) => (index % 2 === 0 ? [[name, headers[index + 1]] as const] : []));
}

function isNamed(name: unknown, wanted: string): boolean {
  return typeof name === 'string' && name.toLowerCase() === wanted;
}

/** Values of one header may be one string each, or several with commas between them. */
function closeAnd(values: unknown): string {
  const options = [values]
    .flat(2)
    .join(',')
    .split(',')
    .map((option) => option.trim())
    .filter((option) => !['', 'close', 'keep-alive'].includes(option.toLowerCase()));
  return ['close', ...options].join(', ');
}
