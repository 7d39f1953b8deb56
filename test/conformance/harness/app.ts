// What the app under test serves, described once for every framework: each turns an `Answer` into a response its own
// way.
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { block } from '../../fixtures/block.ts';

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Nothing means no body, not an empty one. */
  readonly body?: string | Buffer | Readable;
  /** To be sent behind a chunked body, by a framework that can. */
  readonly trailers?: Readonly<Record<string, string>>;
  /** The response is to be destroyed instead. */
  readonly destroy?: boolean;
}

export interface Context {
  /** Called with the URL of each request that reaches a handler, and with what else is worth telling. */
  readonly handling: (url: string) => void;
  readonly shutdown: () => void;
  /** Resolves when the suite says so: a handler with `held` in its query waits for it. */
  readonly released: Promise<unknown>;
}

type Route = (request: IncomingMessage, query: URLSearchParams, context: Context) => Answer | Promise<Answer>;

/** A route that answers synchronously returns no promise. Unless it says otherwise, a body repeats the URL. */
const routes: Readonly<Record<string, Route>> = {
  '/': ({ url = '' }) => ({ body: url }),

  /** Without `held` and `ms`: after a microtask. */
  '/slow': async ({ url = '' }, query, context) => {
    await later(query, context);
    const status = number(query, 'status', 200);
    const headers = connectionHeader(query);
    return status === 204 || status === 304 ? { status, headers } : { status, headers, body: url };
  },

  /** Head and first chunk now, the rest later. */
  '/headers-first': ({ url = '' }, query, context) => ({
    headers: { 'content-type': 'text/plain', ...connectionHeader(query) },
    body: Readable.from(twoParts(url, () => later(query, context))),
  }),

  '/upload': async (request, query, context) => {
    await later(query, context);
    let length = 0;
    for await (const chunk of request) length += (chunk as Buffer).length;
    return { body: JSON.stringify({ length, trailers: request.trailers }) };
  },

  /** Answers without reading the body. */
  '/early': async ({ url = '' }, query, context) => {
    await later(query, context);
    return { status: number(query, 'status', 401), body: url };
  },

  /** Answers first, and then reads the body to its end. */
  '/early-reader': async (request, query, context) => {
    await later(query, context);
    request.on('end', () => context.handling('the end of the body'));
    request.resume();
    return { status: 202, body: request.url ?? '' };
  },

  /** Keeps the event loop busy. */
  '/block': ({ url = '' }, query) => {
    block(number(query, 'ms'));
    return { body: url };
  },

  /** Keeps the event loop busy once the body comes. */
  '/block-body': async (request, query, context) => {
    for await (const _ of request) {
      context.handling('the body');
      block(number(query, 'ms'));
    }
    return { body: request.url ?? '' };
  },

  /** Gives the body back as it comes. */
  '/echo': (request) => ({ headers: { 'content-type': 'text/plain' }, body: request }),

  '/trailers': async ({ url = '' }, query, context) => {
    await later(query, context);
    return {
      headers: { 'content-type': 'text/plain', trailer: 'x-end' },
      body: Readable.from([url]),
      trailers: { 'x-end': 'end' },
    };
  },

  '/big': (_request, query) => ({
    headers: { 'content-type': 'text/plain' },
    body: Buffer.alloc(number(query, 'bytes'), 'x'),
  }),

  '/destroy': async (_request, query, context) => {
    await later(query, context);
    return { destroy: true };
  },

  '/throw': () => {
    throw new Error('thrown by a handler');
  },

  '/shutdown': ({ url = '' }, _query, { shutdown }) => {
    shutdown();
    return { body: url };
  },
};

export function answer(request: IncomingMessage, context: Context): Answer | Promise<Answer> {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
  context.handling(request.url ?? '');
  const route = routes[pathname];
  return route === undefined ? { status: 404, body: pathname } : route(request, searchParams, context);
}

async function* twoParts(url: string, wait: () => Promise<void>): AsyncGenerator<string> {
  yield 'first ';
  await wait();
  yield url;
}

async function later(query: URLSearchParams, { released }: Context): Promise<void> {
  if (query.has('held')) await released;
  if (number(query, 'ms') > 0) await sleep(number(query, 'ms'));
}

function number(query: URLSearchParams, name: string, otherwise = 0): number {
  return Number(query.get(name) ?? otherwise);
}

function connectionHeader(query: URLSearchParams): Record<string, string> {
  const connection = query.get('connection');
  return connection === null ? {} : { connection };
}
