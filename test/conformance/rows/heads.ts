import { setTimeout as sleep } from 'node:timers/promises';
import { answers, endsCleanly, get, GRACE_MS, stops, type Row } from '../harness/row.ts';
import { localAddress, NO_OUTSIDE } from '../../helpers/outside.ts';

const url = '/?a-head';
const firstHalf = get(url).slice(0, 12);
const secondHalf = get(url).slice(12);

export const heads: readonly Row[] = [
  {
    name: 'a head half received before the signal and finished 300 ms after: served with close',
    run: async (t, app) => {
      const client = await app.connect();
      client.write(firstHalf);
      await app.caughtUp();
      await app.terminate();
      await sleep(300);
      client.write(secondHalf);
      await answers(t, client, url, 'close');
      await endsCleanly(t, client);
      await stops(t, app, { handled: [url], served: 1, answered: 1, atLeast: 300 });
    },
  },
  {
    name: 'a head half received before the signal and finished long after the grace: served with close',
    options: { coordinator: { keepAliveGrace: GRACE_MS } },
    run: async (t, app) => {
      const client = await app.connect();
      client.write(firstHalf);
      await app.caughtUp();
      await app.terminate();
      await sleep(700);
      client.write(secondHalf);
      await answers(t, client, url, 'close');
      await endsCleanly(t, client);
      await stops(t, app, { handled: [url], served: 1, answered: 1, atLeast: 700 });
    },
  },
  {
    name: 'a head begun within the grace and finished after it: served with close',
    options: { coordinator: { keepAliveGrace: 2_000 } },
    run: async (t, app) => {
      const client = await app.connect();
      client.write(get('/?before'));
      await answers(t, client, '/?before', 'keep-alive');
      await app.terminate();
      client.write(firstHalf);
      await sleep(2_500);
      client.write(secondHalf);
      await answers(t, client, url, 'close');
      await endsCleanly(t, client);
      await stops(t, app, { handled: ['/?before', url], served: 1, answered: 1, atLeast: 2_500 });
    },
  },
  {
    name: 'a head half received while a response is in flight, finished long after the grace: served with close',
    options: { coordinator: { keepAliveGrace: GRACE_MS } },
    run: async (t, app) => {
      const client = await app.connect();
      client.write(get('/headers-first?held'));
      await client.received(1);
      client.write(firstHalf);
      await app.caughtUp();
      await app.terminate();
      app.release();
      await answers(t, client, '/headers-first?held', 'keep-alive');
      await sleep(700);
      client.write(secondHalf);
      await answers(t, client, url, 'close');
      await endsCleanly(t, client);
      await stops(t, app, { handled: ['/headers-first?held', url], inFlight: 1, served: 2, answered: 1 });
    },
  },
  {
    name: 'a head that comes byte by byte across the signal: served with close',
    run: async (t, app) => {
      const client = await app.connect();
      for (const [index, byte] of get(url).split('').entries()) {
        client.write(byte);
        if (index === 20) await app.terminate();
        await sleep(5);
      }
      await answers(t, client, url, 'close');
      await endsCleanly(t, client);
      await stops(t, app, { handled: [url], served: 1, answered: 1 });
    },
  },
  {
    name: 'a head that is never finished: cut at the deadline and named, which is clean',
    options: { coordinator: { timeout: 1_500 } },
    run: async (t, app) => {
      const client = await app.connect();
      client.write(firstHalf);
      await app.caughtUp();
      await app.terminate();
      t.equal((await client.closed()).rest, '', 'no answer');
      await stops(t, app, { handled: [], cut: [{ kind: 'head', lost: false }], atLeast: 1_000 });
    },
  },
  {
    name: "a head that is never finished, and the server's headersTimeout: what Node does without us",
    options: { server: { headersTimeout: 3_000, connectionsCheckingInterval: 50 } },
    run: async (t, app, start) => {
      const plain = await start({ plain: true });
      const [client, without] = [await app.connect(), await plain.connect()];
      client.write(firstHalf);
      without.write(firstHalf);
      await app.caughtUp();
      await app.terminate();
      const ending = await client.closed();
      t.match(ending.rest, /^HTTP\/1\.1 408 /);
      t.same(ending, await without.closed(), 'the same bytes and the same end');
      await stops(t, app, { handled: [], gone: 1 });
    },
  },
  {
    name: 'a stray line end on an idle connection is no head: FIN after the grace',
    options: { coordinator: { keepAliveGrace: GRACE_MS } },
    run: async (t, app) => {
      const client = await app.connect();
      client.write(`${get('/')}\r\n`);
      await answers(t, client, '/', 'keep-alive');
      await app.caughtUp();
      await app.terminate();
      await endsCleanly(t, client);
      await stops(t, app, { handled: ['/'], idle: 1, atLeast: GRACE_MS });
    },
  },
  {
    name: 'accepted and silent: FIN after the grace, and not before it is handshakeTimeout + grace old',
    options: { coordinator: { keepAliveGrace: GRACE_MS, handshakeTimeout: 2_500 } },
    skip: () => NO_OUTSIDE,
    run: async (t, app) => {
      const old = await app.connect({ localAddress });
      await app.told('opened');
      await sleep(2_500 + GRACE_MS);
      const fresh = await app.connect({ localAddress });
      await app.told('opened', 2);
      await app.terminate();
      await endsCleanly(t, old);
      t.notOk(fresh.hasEnded(), 'the fresh one is open');
      await endsCleanly(t, fresh);
      await stops(t, app, { handled: [], idle: 2, atLeast: 1_500 });
    },
  },
  {
    name: 'accepted from this machine and silent: no packet was lost, so FIN after the grace',
    options: { coordinator: { keepAliveGrace: GRACE_MS, handshakeTimeout: 10_000 } },
    run: async (t, app) => {
      const client = await app.connect();
      await app.told('opened');
      await app.terminate();
      await endsCleanly(t, client);
      const { report } = await app.stopped();
      t.ok((report?.duration ?? Infinity) < 9_000, `${report?.duration} ms`);
      await stops(t, app, { handled: [], idle: 1, atLeast: GRACE_MS });
    },
  },
  {
    name: 'accepted and silent, then a request as late as one whose first packets were lost: served with close',
    options: { coordinator: { keepAliveGrace: GRACE_MS, handshakeTimeout: 10_000 } },
    skip: () => NO_OUTSIDE,
    run: async (t, app) => {
      const client = await app.connect({ localAddress });
      await app.told('opened');
      await app.terminate();
      await sleep(1_500);
      client.write(get(url));
      await answers(t, client, url, 'close');
      await endsCleanly(t, client);
      await stops(t, app, { handled: [url], served: 1, answered: 1, atLeast: 1_500 });
    },
  },
  {
    name: 'accepted and silent, then a request within the grace: served with close',
    run: async (t, app) => {
      const client = await app.connect();
      await app.told('opened');
      await app.terminate();
      await sleep(300);
      client.write(get(url));
      await answers(t, client, url, 'close');
      await endsCleanly(t, client);
      await stops(t, app, { handled: [url], served: 1, answered: 1, atLeast: 300 });
    },
  },
];
