import { IncomingMessage, ServerResponse } from 'node:http';
import { Server } from 'node:net';
import { inspect, types } from 'node:util';

/** Longest text of a value in a message, in characters: an Express app has 2,500, which hide what the message says. */
const MAX_SHOWN = 100;

interface Kind {
  readonly what: string;
  /** What to attach instead. */
  readonly attach?: string;
  /** Whether a single member gives the kind away: options may have the same member. */
  readonly holder?: true;
  readonly is: (value: Members) => boolean;
}

/** Any value, by its members; each may be missing. */
type Members = Readonly<Record<string, unknown>>;

const has = (value: Members, ...names: readonly string[]): boolean =>
  names.every((name) => typeof value[name] === 'function');

/**
 * Things passed by mistake, the most specific first: a Nest application also has the methods of the framework in it.
 */
const kinds: readonly Kind[] = [
  { what: 'a Server', is: (value) => value instanceof Server },
  { what: 'a request', is: (value) => value instanceof IncomingMessage },
  { what: 'a response', is: (value) => value instanceof ServerResponse },
  {
    what: 'a promise',
    attach: 'what it resolves with: await it first',
    is: types.isPromise,
  },
  {
    what: 'a Nest application',
    attach: 'app.getHttpServer()',
    is: (value) => has(value, 'getHttpServer'),
  },
  {
    what: 'an Express app',
    attach: 'what app.listen() returns, or use @graceful-cluster/express',
    is: (value) => typeof value === 'function' && has(value, 'handle', 'set', 'listen'),
  },
  {
    what: 'a Connect app',
    attach: 'what app.listen() returns',
    is: (value) => typeof value === 'function' && has(value, 'handle', 'use', 'listen'),
  },
  {
    what: 'a Fastify instance',
    attach: 'fastify.server, or use @graceful-cluster/fastify',
    is: (value) => has(value, 'register', 'decorate', 'inject'),
  },
  {
    what: 'a Koa app',
    attach: 'what app.listen() returns',
    is: (value) => has(value, 'callback', 'listen') && Array.isArray(value['middleware']),
  },
  {
    what: 'a WebSocketServer',
    attach: 'the HTTP server that it was made with',
    is: (value) => has(value, 'handleUpgrade', 'shouldHandle'),
  },
  {
    what: 'a uWebSockets.js app',
    attach: 'nothing: its sockets are not those of Node',
    is: (value) => has(value, 'ws', 'listen', 'publish'),
  },
  {
    what: 'a server with a `listener`',
    attach: 'server.listener',
    holder: true,
    is: (value) => value['listener'] instanceof Server,
  },
  {
    what: 'an object with an `httpServer`',
    attach: 'its httpServer',
    holder: true,
    is: (value) => value['httpServer'] instanceof Server,
  },
  {
    what: 'an object with a `server`',
    attach: 'its server',
    holder: true,
    is: (value) => value['server'] instanceof Server,
  },
  {
    what: 'an app of fetch handlers',
    attach: 'the server that serves it, such as what serve(app) returns',
    is: (value) => has(value, 'fetch'),
  },
];

function findKind(value: unknown): Kind | undefined {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined;
  try {
    return kinds.find(({ is }) => is(value as Members));
  } catch {
    // A proxy, or a getter that throws.
    return undefined;
  }
}

/** Kind of a value that cannot be options, such as `an Express app`; undefined for what may be options. */
export function nameNoOptions(value: unknown): string | undefined {
  const kind = findKind(value);
  return kind?.holder ? undefined : kind?.what;
}

/** What to attach instead of this value, as the end of a message; empty where there is nothing to say. */
export function adviseAttach(value: unknown): string {
  const attach = findKind(value)?.attach;
  return attach === undefined ? '' : `: attach ${attach}`;
}

/** One short line: `'x' (string)`, `{ listen: 1 } (object)`, `an Express app`. */
export function showValue(value: unknown): string {
  const kind = findKind(value);
  if (kind !== undefined) return kind.what;
  const depth = typeof value === 'function' ? -1 : 0;
  let text: string;
  try {
    text = inspect(value, { depth, breakLength: Infinity, compact: true });
  } catch {
    text = 'a value that cannot be shown';
  }
  if (text.length > MAX_SHOWN) text = `${text.slice(0, MAX_SHOWN)}…`;
  return value === null || value === undefined ? text : `${text} (${typeof value})`;
}
