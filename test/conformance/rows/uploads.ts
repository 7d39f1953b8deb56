import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';
import type { App } from '../harness/app-process.ts';
import type { Client } from '../harness/raw-client.ts';
import { endsCleanly, GRACE_MS, head, says, stops, type Row } from '../harness/row.ts';

const withCheckContinue = [false, true];
const listener = (checkContinue: boolean): string =>
  checkContinue ? 'with a checkContinue listener' : 'without a listener';

async function receives(t: Test, client: Client, length: number): Promise<void> {
  const response = await client.response();
  t.equal(response.status, 200);
  t.match(JSON.parse(response.body), { length });
  says(t, response, 'close');
  await endsCleanly(t, client);
}

async function continues(t: Test, client: Client): Promise<void> {
  t.equal((await client.response()).head, 'HTTP/1.1 100 Continue\r\n\r\n');
}

async function checked(app: App, checkContinue: boolean): Promise<void> {
  if (checkContinue) await app.told('checkContinue');
}

const expecting = (url: string, length: number): string =>
  head('POST', url, `Content-Length: ${length}`, 'Expect: 100-continue');

/** Sends `bytes` of a body in parts that take `ms` in all. */
async function sendSlowly(client: Client, bytes: number, ms: number): Promise<void> {
  for (let i = 0; i < 10; i++) {
    client.write('x'.repeat(bytes / 10));
    await sleep(ms / 10);
  }
}

const expectations = withCheckContinue.flatMap((checkContinue): Row[] => [
  {
    name: `Expect: 100-continue before the signal, the body after it, ${listener(checkContinue)}`,
    options: { checkContinue },
    run: async (t, app) => {
      const client = await app.connect();
      client.write(expecting('/upload', 1_000));
      await continues(t, client);
      await checked(app, checkContinue);
      await app.handling('/upload');
      await app.terminate();
      await sendSlowly(client, 1_000, 600);
      await receives(t, client, 1_000);
      await stops(t, app, { handled: ['/upload'], inFlight: 1, served: 1, answered: 1, atLeast: 500 });
    },
  },
  {
    name: `Expect: 100-continue after the signal, ${listener(checkContinue)}`,
    options: { checkContinue },
    run: async (t, app) => {
      const client = await app.connect();
      await app.told('opened');
      await app.terminate();
      client.write(expecting('/upload', 1_000));
      await continues(t, client);
      await checked(app, checkContinue);
      await sendSlowly(client, 1_000, 600);
      await receives(t, client, 1_000);
      await stops(t, app, { handled: ['/upload'], served: 1, answered: 1, atLeast: 500 });
    },
  },
]);

export const uploads: readonly Row[] = [
  {
    name: 'a slow upload across the signal is finished',
    run: async (t, app) => {
      const client = await app.connect();
      client.write(head('POST', '/upload', 'Content-Length: 100000'));
      await app.handling('/upload');
      client.write('x'.repeat(50_000));
      await app.terminate();
      await sendSlowly(client, 50_000, 900);
      await receives(t, client, 100_000);
      await stops(t, app, { handled: ['/upload'], inFlight: 1, served: 1, answered: 1, atLeast: 800 });
    },
  },
  {
    name: 'an upload that the app begins to read only after the signal is finished',
    run: async (t, app) => {
      const client = await app.connect();
      client.write(head('POST', '/upload?held', 'Content-Length: 1000000') + 'x'.repeat(500_000));
      await app.handling('/upload?held');
      await app.terminate();
      client.write('x'.repeat(500_000));
      app.release();
      await receives(t, client, 1_000_000);
      await stops(t, app, { handled: ['/upload?held'], inFlight: 1, served: 1, answered: 1 });
    },
  },
  {
    name: 'a slow upload begun within the grace is finished',
    run: async (t, app) => {
      const client = await app.connect();
      await app.told('opened');
      await app.terminate();
      client.write(head('POST', '/upload', 'Content-Length: 100000'));
      await sendSlowly(client, 100_000, 900);
      await receives(t, client, 100_000);
      await stops(t, app, { handled: ['/upload'], served: 1, answered: 1, atLeast: 800 });
    },
  },
  {
    name: 'a chunked upload with trailers, and the app that echoes it as it comes',
    options: { coordinator: { keepAliveGrace: GRACE_MS } },
    run: async (t, app) => {
      const [upload, echo] = [await app.connect(), await app.connect()];
      upload.write(head('POST', '/upload', 'Transfer-Encoding: chunked', 'Trailer: X-Sum'));
      await app.handling('/upload');
      echo.write(head('POST', '/echo', 'Transfer-Encoding: chunked') + '3\r\none\r\n');
      await echo.received(1);
      await app.terminate();
      for (const client of [upload, echo]) client.write('3\r\ntwo\r\n');
      await sleep(200);
      upload.write('0\r\nX-Sum: 6\r\n\r\n');
      echo.write('0\r\n\r\n');
      const response = await upload.response();
      t.same(JSON.parse(response.body), { length: 3, trailers: { 'x-sum': '6' } });
      says(t, response, 'close');
      await endsCleanly(t, upload);
      const echoed = await echo.response();
      t.equal(echoed.body, 'onetwo');
      says(t, echoed, 'keep-alive');
      await endsCleanly(t, echo);
      await stops(t, app, { handled: ['/upload', '/echo'], inFlight: 2, served: 2, answered: 1, idle: 1 });
    },
  },
  ...expectations,
  {
    name: 'an upload that stops half way: cut at the deadline and named',
    options: { coordinator: { timeout: 1_500 } },
    run: async (t, app) => {
      const client = await app.connect();
      client.write(head('POST', '/upload', 'Content-Length: 100000') + 'x'.repeat(50_000));
      await app.handling('/upload');
      await app.terminate();
      t.equal((await client.closed()).rest, '', 'no answer');
      const cut = [{ kind: 'request', name: /^POST \/upload, \d\.\d s$/, lost: true }] as const;
      await stops(t, app, { handled: ['/upload'], inFlight: 1, lost: 1, cut, code: 1, atLeast: 1_000 });
    },
  },
];
