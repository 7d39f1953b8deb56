import type { Test } from 'tap';
import type { App } from '../harness/app-process.ts';
import type { Client } from '../harness/raw-client.ts';
import { answers, endsCleanly, get, head, post, says, stops, type Row } from '../harness/row.ts';

/** Handlers that answer at once, after a microtask, and after a while, later ones sooner. */
const kinds: Readonly<Record<'synchronous' | 'asynchronous' | 'mixed', (i: number) => string>> = {
  synchronous: (i) => `/?${i}`,
  asynchronous: (i) => `/slow?ms=${i % 3 === 0 ? 0 : 200 - 20 * i}&${i}`,
  mixed: (i) => (i % 2 === 0 ? `/?${i}` : `/slow?ms=${i % 3 === 0 ? 0 : 200 - 20 * i}&${i}`),
};
const eight = [0, 1, 2, 3, 4, 5, 6, 7];
const chunk = (urls: readonly string[]): string => urls.map((url) => get(url)).join('');

/** All of these are answered in order; only the last says `close`. */
async function answersAll(t: Test, client: Client, urls: readonly string[]): Promise<void> {
  for (const url of urls) await answers(t, client, url, url === urls.at(-1) ? 'close' : 'keep-alive');
  await endsCleanly(t, client);
}

async function idleClient(t: Test, app: App): Promise<Client> {
  const client = await app.connect();
  client.write(get('/?first'));
  await answers(t, client, '/?first', 'keep-alive');
  return client;
}

const byKind = Object.entries(kinds).flatMap(([kind, url]): Row[] => [
  {
    name: `pipelined across the signal, ${kind} handlers: all answered in order, close on the last only`,
    run: async (t, app) => {
      const client = await app.connect();
      const before = ['/slow?held&first', ...eight.slice(0, 4).map(url), '/slow?held&last'];
      const after = eight.slice(4).map(url);
      client.write(chunk(before));
      await app.handling(...before);
      await app.terminate();
      client.write(chunk(after));
      await app.handling(...after);
      app.release();
      const handled = [...before, ...after];
      await answersAll(t, client, handled);
      await stops(t, app, { handled, inFlight: 6, served: 10, answered: 1 });
    },
  },
  {
    name: `pipelined on an idle connection after the signal, ${kind} handlers: all answered, close on the last only`,
    run: async (t, app) => {
      const client = await idleClient(t, app);
      await app.terminate();
      client.write(chunk(eight.map(url)));
      await answersAll(t, client, eight.map(url));
      await stops(t, app, { handled: ['/?first', ...eight.map(url)], served: 8, answered: 1 });
    },
  },
]);

export const pipelining: readonly Row[] = [
  {
    name: 'pipelined before the signal, asynchronous handlers: all answered in order, close on the last only',
    run: async (t, app) => {
      const client = await app.connect();
      const urls = eight.map((i) => `/slow?held&ms=${200 - 20 * i}`);
      client.write(chunk(urls));
      await app.handling(...urls);
      await app.terminate();
      app.release();
      await answersAll(t, client, urls);
      await stops(t, app, { handled: urls, inFlight: 8, served: 8, answered: 1 });
    },
  },
  {
    name: 'pipelined before the signal, synchronous handlers behind a slow one: all answered, then the grace',
    run: async (t, app) => {
      const client = await app.connect();
      const urls = ['/slow?held', ...eight.slice(1).map((i) => `/?${i}`)];
      client.write(chunk(urls));
      await app.handling(...urls);
      await app.terminate();
      app.release();
      // All but the first had their headers made before the signal.
      for (const url of urls) await answers(t, client, url, 'keep-alive');
      client.write(get('/?last'));
      await answers(t, client, '/?last', 'close');
      await endsCleanly(t, client);
      await stops(t, app, { handled: [...urls, '/?last'], inFlight: 8, served: 9, answered: 1 });
    },
  },
  ...byKind,
  {
    name: 'pipelined, a head cut in two by the signal: all answered, close on the last only',
    run: async (t, app) => {
      const client = await app.connect();
      const urls = ['/slow?held', '/?second', '/?third'];
      const bytes = chunk(urls);
      const cut = bytes.indexOf('second');
      client.write(bytes.slice(0, cut));
      await app.handling('/slow?held');
      await app.terminate();
      client.write(bytes.slice(cut));
      await app.handling('/?third');
      app.release();
      await answersAll(t, client, urls);
      await stops(t, app, { handled: urls, inFlight: 1, served: 3, answered: 1 });
    },
  },
  {
    name: 'pipelined uploads and a HEAD in one chunk after the signal: all answered, close on the last only',
    run: async (t, app) => {
      const client = await idleClient(t, app);
      await app.terminate();
      const urls = ['/upload?1', '/upload?2', '/?head', '/upload?3'];
      client.write(
        post('/upload?1', 'one') +
          post('/upload?2', 'x'.repeat(30_000)) +
          head('HEAD', '/?head') +
          post('/upload?3', ''),
      );
      for (const [connection, length] of [
        ['keep-alive', 3],
        ['keep-alive', 30_000],
      ] as const) {
        const response = await client.response();
        t.same(JSON.parse(response.body), { length, trailers: {} });
        says(t, response, connection);
      }
      says(t, await client.response({ head: true }), 'keep-alive');
      const last = await client.response();
      t.same(JSON.parse(last.body), { length: 0, trailers: {} });
      says(t, last, 'close');
      await endsCleanly(t, client);
      await stops(t, app, { handled: ['/?first', ...urls], served: 4, answered: 1 });
    },
  },
  {
    name: 'a request that comes while the one before it is in flight: both answered, close on the last only',
    run: async (t, app) => {
      const client = await idleClient(t, app);
      await app.terminate();
      client.write(get('/slow?held'));
      await app.handling('/slow?held');
      client.write(get('/?second'));
      await app.handling('/?second');
      app.release();
      await answersAll(t, client, ['/slow?held', '/?second']);
      await stops(t, app, { handled: ['/?first', '/slow?held', '/?second'], served: 2, answered: 1 });
    },
  },
  {
    name: 'an upload finished after the signal, a request behind it in the same chunk: both answered',
    run: async (t, app) => {
      const client = await app.connect();
      client.write(head('POST', '/upload', 'Content-Length: 10') + 'half-');
      await app.handling('/upload');
      await app.terminate();
      client.write(`whole${get('/?behind')}`);
      const response = await client.response();
      t.match(JSON.parse(response.body), { length: 10 });
      says(t, response, 'keep-alive');
      await answersAll(t, client, ['/?behind']);
      await stops(t, app, { handled: ['/upload', '/?behind'], inFlight: 1, served: 2, answered: 1 });
    },
  },
  {
    name: 'pipelined during the shutdown delay: all answered, close on the last only',
    options: { coordinator: { shutdownDelay: 4_000 } },
    run: async (t, app) => {
      const client = await idleClient(t, app);
      await app.terminate();
      const urls = eight.map(kinds.mixed);
      client.write(chunk(urls));
      await answersAll(t, client, urls);
      await stops(t, app, { handled: ['/?first', ...urls], atLeast: 4_000 });
    },
  },
  {
    name: 'pipelined after the signal, and a server with optimizeEmptyRequests: all answered',
    options: { server: { optimizeEmptyRequests: true } as object },
    run: async (t, app) => {
      const client = await idleClient(t, app);
      await app.terminate();
      const urls = eight.map(kinds.mixed);
      client.write(chunk(urls));
      await answersAll(t, client, urls);
      await stops(t, app, { handled: ['/?first', ...urls], served: 8, answered: 1 });
    },
  },
];
