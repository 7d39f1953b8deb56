import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../harness/raw-client.ts';
import { answers, endsCleanly, get, GRACE_MS, goOn, head, says, stops, type Row } from '../harness/row.ts';

/** 4,000 bytes in parts, for longer than the grace lasts. */
async function sendParts(client: Client): Promise<void> {
  for (let i = 0; i < 4; i++) {
    await sleep(150);
    client.write('x'.repeat(1_000));
  }
}

const body = 'Content-Length: 10000000';

const onTheWire = [401, 413].flatMap((status): Row[] => [
  {
    name: `an early ${status} to an upload in flight that goes on: it arrives complete, no RST before it is read`,
    run: async (t, app) => {
      const url = `/early?status=${status}&held`;
      const client = await app.connect({ paused: true, keepsOpen: true });
      client.write(head('POST', url, body));
      await app.handling(url);
      const stop = goOn(t, client);
      await app.terminate();
      app.release();
      await sleep(1_500);
      t.notOk(client.hasEnded(), 'writing fails in no way');
      client.resume();
      const response = await client.response();
      stop();
      t.equal(response.status, status);
      t.equal(response.body, url);
      says(t, response, 'close');
      client.end();
      await endsCleanly(t, client);
      await stops(t, app, { handled: [url], inFlight: 1, served: 1, answered: 1 });
    },
  },
  {
    name: `an early ${status} to an upload begun within the grace that goes on: likewise`,
    run: async (t, app) => {
      const url = `/early?status=${status}`;
      const client = await app.connect({ paused: true, keepsOpen: true });
      await app.told('opened');
      await app.terminate();
      client.write(head('POST', url, body) + 'x'.repeat(60_000));
      const stop = goOn(t, client);
      await sleep(1_500);
      t.notOk(client.hasEnded(), 'writing fails in no way');
      client.resume();
      const response = await client.response();
      stop();
      t.equal(response.status, status);
      says(t, response, 'close');
      client.end();
      await endsCleanly(t, client);
      await stops(t, app, { handled: [url], served: 1, answered: 1 });
    },
  },
]);

export const earlyReplies: readonly Row[] = [
  ...onTheWire,
  {
    name: 'an early reply during the shutdown delay, to an upload that goes on: it arrives complete',
    options: { coordinator: { shutdownDelay: 4_000 } },
    run: async (t, app) => {
      const client = await app.connect({ paused: true, keepsOpen: true });
      await app.told('opened');
      await app.terminate();
      client.write(head('POST', '/early', body) + 'x'.repeat(60_000));
      const stop = goOn(t, client);
      await sleep(1_500);
      t.notOk(client.hasEnded(), 'writing fails in no way');
      client.resume();
      const response = await client.response();
      stop();
      t.equal(response.status, 401);
      says(t, response, 'close');
      client.end();
      await endsCleanly(t, client);
      await stops(t, app, { handled: ['/early'] });
    },
  },
  {
    name: 'an upload that goes on across the signal, answered before it: FIN after the grace, no RST',
    options: { coordinator: { keepAliveGrace: GRACE_MS } },
    run: async (t, app) => {
      const client = await app.connect({ keepsOpen: true });
      client.write(head('POST', '/early', 'Content-Length: 4000'));
      const response = await client.response();
      t.equal(response.status, 401);
      says(t, response, 'keep-alive');
      await app.terminate();
      await sendParts(client);
      t.same(await client.ended(), { how: 'fin', rest: '' });
      client.end();
      await endsCleanly(t, client);
      await stops(t, app, { handled: ['/early'], idle: 1, atLeast: GRACE_MS });
    },
  },
  {
    name: 'an upload that goes on across the signal, answered before it, and a request behind it: served with close',
    run: async (t, app) => {
      const client = await app.connect();
      client.write(head('POST', '/early', 'Content-Length: 4000'));
      says(t, await client.response(), 'keep-alive');
      await app.terminate();
      client.write('x'.repeat(4_000));
      await sleep(200);
      client.write(get('/?next'));
      await answers(t, client, '/?next', 'close');
      await endsCleanly(t, client);
      await stops(t, app, { handled: ['/early', '/?next'], served: 1, answered: 1 });
    },
  },
  {
    name: 'an upload that was answered before the signal and then stopped: FIN after the grace, nothing lost',
    options: { coordinator: { keepAliveGrace: GRACE_MS } },
    run: async (t, app) => {
      const client = await app.connect();
      client.write(head('POST', '/early', 'Content-Length: 4000') + 'x'.repeat(1_000));
      says(t, await client.response(), 'keep-alive');
      await app.caughtUp();
      await app.terminate();
      await endsCleanly(t, client);
      await stops(t, app, { handled: ['/early'], idle: 1, atLeast: GRACE_MS });
    },
  },
  {
    name: 'an app that answers first and reads the body then: it gets all of it',
    run: async (t, app) => {
      const client = await app.connect({ keepsOpen: true });
      client.write(head('POST', '/early-reader?held', 'Content-Length: 4000'));
      await app.handling('/early-reader?held');
      await app.terminate();
      app.release();
      const response = await client.response();
      t.equal(response.status, 202);
      says(t, response, 'close');
      await sendParts(client);
      t.same(await client.ended(), { how: 'fin', rest: '' });
      client.end();
      await endsCleanly(t, client);
      const handled = ['/early-reader?held', 'the end of the body'];
      await stops(t, app, { handled, inFlight: 1, served: 1, answered: 1 });
    },
  },
  {
    name: 'an app that answered before the signal and still reads the body after the grace: it gets all of it',
    options: { coordinator: { keepAliveGrace: GRACE_MS } },
    run: async (t, app) => {
      const client = await app.connect({ keepsOpen: true });
      client.write(head('POST', '/early-reader', 'Content-Length: 4000'));
      says(t, await client.response(), 'keep-alive');
      await app.terminate();
      await sendParts(client);
      t.same(await client.ended(), { how: 'fin', rest: '' });
      client.end();
      await endsCleanly(t, client);
      await stops(t, app, { handled: ['/early-reader', 'the end of the body'], idle: 1, atLeast: 600 });
    },
  },
  {
    name: 'a checkContinue listener that refuses, across the signal: the refusal arrives, no 100',
    options: { checkContinue: true },
    run: async (t, app) => {
      const client = await app.connect();
      client.write(head('POST', '/early?status=413&held', body, 'Expect: 100-continue'));
      await app.told('checkContinue');
      await app.terminate();
      app.release();
      const response = await client.response();
      t.equal(response.status, 413);
      says(t, response, 'close');
      await endsCleanly(t, client);
      const handled = ['/early?status=413&held'];
      await stops(t, app, { handled, inFlight: 1, served: 1, answered: 1 });
    },
  },
];
