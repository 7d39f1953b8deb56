import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../harness/raw-client.ts';
import { answers, endsCleanly, get, GRACE_MS, head, says, stops, undated, type Row } from '../harness/row.ts';

/** Bytes: more than the socket buffers of both ends hold. */
const BIG = 10_000_000;

/** Bytes that they do hold. */
const SMALL = 200_000;

const big = `/big?bytes=${BIG}`;
const small = `/big?bytes=${SMALL}`;

const leaving = (['end', 'reset'] as const).map((how): Row => ({
  name: `a client that goes away mid-request (${how === 'end' ? 'FIN' : 'RST'}): exit 0, nothing of ours was cut`,
  run: async (t, app) => {
    const client = await app.connect();
    client.write(get('/slow?held'));
    await app.handling('/slow?held');
    await app.terminate();
    client[how]();
    await stops(t, app, { handled: ['/slow?held'], inFlight: 1, gone: 1 });
  },
}));

export const clients: readonly Row[] = [
  ...leaving,
  {
    name: 'a client that goes away, and its handler that ends after that: not counted as served',
    run: async (t, app) => {
      const [leaving, staying] = [await app.connect(), await app.connect()];
      leaving.write(get('/slow?held&1') + get('/slow?held&2'));
      await app.handling('/slow?held&1', '/slow?held&2');
      staying.write(get('/slow?held&ms=200'));
      await app.handling('/slow?held&ms=200');
      await app.terminate();
      leaving.reset();
      await app.told('closed');
      app.release();
      await answers(t, staying, '/slow?held&ms=200', 'close');
      await endsCleanly(t, staying);
      const handled = ['/slow?held&1', '/slow?held&2', '/slow?held&ms=200'];
      await stops(t, app, { handled, inFlight: 3, served: 1, answered: 1, gone: 1 });
    },
  },
  {
    name: 'a client that goes away in the middle of its upload: exit 0',
    run: async (t, app) => {
      const client = await app.connect();
      client.write(head('POST', '/upload', 'Content-Length: 1000') + 'x'.repeat(500));
      await app.handling('/upload');
      await app.terminate();
      client.reset();
      await stops(t, app, { handled: ['/upload'], inFlight: 1, gone: 1 });
    },
  },
  {
    name: 'a client that goes away in the middle of its head: exit 0',
    run: async (t, app) => {
      const client = await app.connect();
      client.write(get('/').slice(0, 10));
      await app.caughtUp();
      await app.terminate();
      client.reset();
      await stops(t, app, { handled: [], gone: 1 });
    },
  },
  ...['/slow?held', '/headers-first?held'].map((url): Row => ({
    name: `a client that half-closes after its request for ${url}: what Node does without us`,
    run: async (t, app, start) => {
      const plain = await start({ plain: true });
      const [client, without] = [
        await app.connect({ keepsOpen: true }),
        await plain.connect({ keepsOpen: true }),
      ];
      client.write(get(url));
      without.write(get(url));
      await app.handling(url);
      await plain.handling(url);
      await app.caughtUp();
      await plain.caughtUp();
      await app.terminate();
      client.end();
      without.end();
      const [ours, theirs] = [await client.closed(), await without.closed()];
      t.same(undated(ours), undated(theirs), 'the same bytes and the same end');
      await stops(t, app, { handled: [url], inFlight: 1, gone: 1 });
    },
  })),
  {
    name: 'a client that half-closes its idle connection within the grace: FIN at once',
    options: { coordinator: { keepAliveGrace: 2_500 } },
    run: async (t, app) => {
      const client = await app.connect({ keepsOpen: true });
      client.write(get('/'));
      await answers(t, client, '/', 'keep-alive');
      await app.terminate();
      client.end();
      await endsCleanly(t, client);
      await stops(t, app, { handled: ['/'], gone: 1 });
    },
  },
  {
    name: 'a response bigger than the socket buffers to a slow reader, headers sent: complete',
    options: { coordinator: { keepAliveGrace: GRACE_MS } },
    run: async (t, app) => {
      const client = await app.connect({ paused: true });
      client.write(get(big));
      await app.handling(big);
      await app.terminate();
      await readsSlowly(client);
      const response = await client.response();
      t.equal(response.body, 'x'.repeat(BIG), 'complete');
      says(t, response, 'keep-alive');
      await endsCleanly(t, client);
      await stops(t, app, { handled: [big], inFlight: 1, served: 1, idle: 1, atLeast: 1_200 });
    },
  },
  {
    name: 'a response bigger than the socket buffers to a slow reader, begun within the grace: complete, with close',
    run: async (t, app) => {
      const client = await app.connect({ paused: true });
      await app.told('opened');
      await app.terminate();
      client.write(get(big));
      await readsSlowly(client);
      const response = await client.response();
      t.equal(response.body, 'x'.repeat(BIG), 'complete');
      says(t, response, 'close');
      await endsCleanly(t, client);
      await stops(t, app, { handled: [big], served: 1, answered: 1, atLeast: 1_200 });
    },
  },
  {
    name: 'a response that is read only after the process has ended: complete, then FIN',
    run: async (t, app) => {
      const client = await app.connect({ paused: true });
      await app.told('opened');
      await app.terminate();
      client.write(get(small));
      await stops(t, app, { handled: [small], served: 1, answered: 1, atLeast: 1_000 });
      client.resume();
      const response = await client.response();
      t.equal(response.body, 'x'.repeat(SMALL), 'complete');
      says(t, response, 'close');
      await endsCleanly(t, client);
    },
  },
  {
    name: 'a client that never reads: cut at the deadline and named',
    options: { coordinator: { timeout: 1_500 } },
    run: async (t, app) => {
      const client = await app.connect({ paused: true });
      client.write(get(big));
      await app.handling(big);
      await app.terminate();
      const cut = [{ kind: 'request', name: /^GET \/big, \d\.\d s$/, lost: true }] as const;
      await stops(t, app, { handled: [big], inFlight: 1, lost: 1, cut, code: 1, atLeast: 1_000 });
      client.reset();
    },
  },
  {
    name: 'a handler that never answers: cut at the deadline and named',
    options: { coordinator: { timeout: 1_500 } },
    run: async (t, app) => {
      const client = await app.connect();
      client.write(get('/slow?held'));
      await app.handling('/slow?held');
      await app.terminate();
      t.equal((await client.closed()).rest, '', 'no answer');
      const cut = [{ kind: 'request', name: /^GET \/slow, \d\.\d s$/, lost: true }] as const;
      await stops(t, app, { handled: ['/slow?held'], inFlight: 1, lost: 1, cut, code: 1, atLeast: 1_000 });
    },
  },
  {
    name: 'pipelined requests that are never done: cut at the deadline, each is counted, the one in the way is named',
    options: { coordinator: { timeout: 1_500 } },
    run: async (t, app) => {
      const client = await app.connect();
      const urls = ['/?done', '/slow?ms=60000&first', '/slow?ms=60000&second', '/?third'];
      client.write(
        urls
          .slice(0, 3)
          .map((url) => get(url))
          .join(''),
      );
      await app.handling(...urls.slice(0, 3));
      await sleep(600);
      client.write(get('/?third'));
      await app.handling('/?third');
      await answers(t, client, '/?done', 'keep-alive');
      await app.terminate();
      t.equal((await client.closed()).rest, '', 'no answer');
      const cut = [{ kind: 'request', name: /^GET \/slow, \d\.\d s$/, lost: true }] as const;
      await stops(t, app, { handled: urls, inFlight: 3, lost: 3, cut, code: 1, atLeast: 1_000 });
      const [named] = (await app.stopped()).report?.connections.cut ?? [];
      t.ok(
        Number(/(\d\.\d) s/.exec(named?.name ?? '')?.[1]) >= 1.5,
        'its time is its own, not that of the last',
      );
    },
  },
];

/** Stalls for longer than our lingering close waits, again and again. */
async function readsSlowly(client: Client): Promise<void> {
  await sleep(1_200);
  for (let i = 0; i < 5; i++) {
    client.resume();
    await sleep(5);
    client.pause();
    await sleep(50);
  }
  client.resume();
}
