import { answers, endsCleanly, get, GRACE_MS, head, says, stops, type Row } from '../harness/row.ts';
import { values } from '../harness/response.ts';

const http10 = (url: string, ...headers: string[]): string =>
  [`GET ${url} HTTP/1.0`, ...headers, '', ''].join('\r\n');

const bodiless = [
  { name: 'HEAD', method: 'HEAD', url: '/slow?held', status: 200 },
  { name: '204', method: 'GET', url: '/slow?held&status=204', status: 204 },
  { name: '304', method: 'GET', url: '/slow?held&status=304', status: 304 },
].map(({ name, method, url, status }): Row => ({
  name: `${name} in flight: Connection: close, no body, FIN`,
  run: async (t, app) => {
    const client = await app.connect();
    client.write(head(method, url));
    await app.handling(url);
    await app.terminate();
    app.release();
    const response = await client.response({ head: true });
    t.equal(response.status, status);
    says(t, response, 'close');
    await endsCleanly(t, client);
    await stops(t, app, { handled: [url], inFlight: 1, served: 1, answered: 1 });
  },
}));

export const messages: readonly Row[] = [
  ...bodiless,
  {
    name: 'the client itself says Connection: close: one header, FIN',
    run: async (t, app) => {
      const client = await app.connect();
      client.write(get('/slow?held', 'Connection: close'));
      await app.handling('/slow?held');
      await app.terminate();
      app.release();
      await answers(t, client, '/slow?held', 'close');
      await endsCleanly(t, client);
      await stops(t, app, { handled: ['/slow?held'], inFlight: 1, served: 1, answered: 1 });
    },
  },
  {
    name: 'HTTP/1.0: one close header, FIN',
    run: async (t, app) => {
      const client = await app.connect();
      client.write(http10('/slow?held'));
      await app.handling('/slow?held');
      await app.terminate();
      app.release();
      await answers(t, client, '/slow?held', 'close');
      await endsCleanly(t, client);
      await stops(t, app, { handled: ['/slow?held'], inFlight: 1, served: 1, answered: 1 });
    },
  },
  {
    name: 'HTTP/1.0, a body without a length: complete, ended by FIN',
    run: async (t, app) => {
      const client = await app.connect();
      client.write(http10('/headers-first?held'));
      await client.received(1);
      await app.terminate();
      app.release();
      const response = await answers(t, client, '/headers-first?held', 'close');
      t.same([...values(response, 'transfer-encoding'), ...values(response, 'content-length')], []);
      await endsCleanly(t, client);
      await stops(t, app, { handled: ['/headers-first?held'], inFlight: 1, served: 1, answered: 1 });
    },
  },
  {
    name: 'HTTP/1.0 with keep-alive, in flight: close, FIN',
    run: async (t, app) => {
      const client = await app.connect();
      client.write(http10('/slow?held', 'Connection: keep-alive'));
      await app.handling('/slow?held');
      await app.terminate();
      app.release();
      await answers(t, client, '/slow?held', 'close');
      await endsCleanly(t, client);
      await stops(t, app, { handled: ['/slow?held'], inFlight: 1, served: 1, answered: 1 });
    },
  },
  {
    name: 'HTTP/1.0 with keep-alive, idle: served within the grace with close',
    run: async (t, app) => {
      const client = await app.connect();
      client.write(http10('/', 'Connection: keep-alive'));
      await answers(t, client, '/', 'keep-alive');
      await app.terminate();
      client.write(http10('/?second', 'Connection: keep-alive'));
      await answers(t, client, '/?second', 'close');
      await endsCleanly(t, client);
      await stops(t, app, { handled: ['/', '/?second'], served: 1, answered: 1 });
    },
  },
  {
    name: 'the app itself says Connection: keep-alive: the client is told close, once, then FIN',
    run: async (t, app) => {
      const url = '/slow?held&connection=keep-alive';
      const client = await app.connect();
      client.write(get(url));
      await app.handling(url);
      await app.terminate();
      app.release();
      await answers(t, client, url, 'close');
      await endsCleanly(t, client);
      await stops(t, app, { handled: [url], inFlight: 1, served: 1, answered: 1 });
    },
  },
  {
    name: 'the app itself said Connection: keep-alive before: a request within the grace is served, then FIN',
    run: async (t, app) => {
      const url = '/headers-first?held&connection=keep-alive';
      const client = await app.connect();
      client.write(get(url));
      await app.handling(url);
      await app.caughtUp();
      await app.terminate();
      app.release();
      await answers(t, client, url, 'keep-alive');
      client.write(get('/?second'));
      await answers(t, client, '/?second', 'close');
      await endsCleanly(t, client);
      await stops(t, app, { handled: [url, '/?second'], inFlight: 1, served: 2, answered: 1 });
    },
  },
  {
    name: 'the app itself says Connection: close: one header, FIN',
    run: async (t, app) => {
      const url = '/slow?held&connection=close';
      const client = await app.connect();
      client.write(get(url));
      await app.handling(url);
      await app.terminate();
      app.release();
      await answers(t, client, url, 'close');
      await endsCleanly(t, client);
      await stops(t, app, { handled: [url], inFlight: 1, served: 1, answered: 1 });
    },
  },
  {
    name: 'trailers behind a response in flight',
    skip: ({ trailers }) => (trailers ? undefined : 'sends no trailers'),
    run: async (t, app) => {
      const client = await app.connect();
      client.write(get('/trailers?held', 'TE: trailers'));
      await app.handling('/trailers?held');
      await app.terminate();
      app.release();
      const response = await answers(t, client, '/trailers?held', 'close');
      t.same(response.trailers, ['x-end: end']);
      await endsCleanly(t, client);
      await stops(t, app, { handled: ['/trailers?held'], inFlight: 1, served: 1, answered: 1 });
    },
  },
  {
    name: 'maxRequestsPerSocket reached before the signal: what Node does without us, then FIN after the grace',
    options: { server: { maxRequestsPerSocket: 2 }, coordinator: { keepAliveGrace: GRACE_MS } },
    run: async (t, app) => {
      const client = await app.connect();
      client.write(get('/?first'));
      await answers(t, client, '/?first', 'keep-alive');
      client.write(get('/?second'));
      await answers(t, client, '/?second', 'close');
      await app.terminate();
      await endsCleanly(t, client);
      await stops(t, app, { handled: ['/?first', '/?second'], idle: 1, atLeast: GRACE_MS });
    },
  },
  {
    name: 'maxRequestsPerSocket reached after the signal: the last says close, 503 beyond it, none executed there',
    options: { server: { maxRequestsPerSocket: 2 } },
    run: async (t, app) => {
      const client = await app.connect();
      client.write(get('/slow?held'));
      await app.handling('/slow?held');
      await app.terminate();
      client.write(get('/?second') + get('/?third'));
      await app.handling('/?second');
      app.release();
      await answers(t, client, '/slow?held', 'keep-alive');
      await answers(t, client, '/?second', 'close');
      const beyond = await client.response();
      t.equal(beyond.status, 503);
      says(t, beyond, 'close');
      await endsCleanly(t, client);
      await stops(t, app, { handled: ['/slow?held', '/?second'], inFlight: 1, served: 3, answered: 1 });
    },
  },
  {
    name: 'requestTimeout goes on during the drain: what Node does without us',
    options: { server: { requestTimeout: 3_000, headersTimeout: 3_000, connectionsCheckingInterval: 50 } },
    run: async (t, app, start) => {
      const plain = await start({ plain: true });
      const [inTime, client, without] = [await app.connect(), await app.connect(), await plain.connect()];
      for (const each of [inTime, client, without]) {
        each.write(head('POST', '/upload', 'Content-Length: 10') + 'x'.repeat(5));
      }
      await app.told('handling /upload', 2);
      await app.terminate();
      inTime.write('x'.repeat(5));
      t.match(JSON.parse((await inTime.response()).body), { length: 10 });
      await endsCleanly(t, inTime);
      const ending = await client.closed();
      t.match(ending.rest, /^HTTP\/1\.1 408 /);
      t.same(ending, await without.closed(), 'the same bytes and the same end');
      const handled = ['/upload', '/upload'];
      await stops(t, app, { handled, inFlight: 2, served: 1, answered: 1, gone: 1 });
    },
  },
];
