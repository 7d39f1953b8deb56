import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';
import type { App } from '../harness/app-process.ts';
import type { Client, ClientOptions } from '../harness/raw-client.ts';
import { answers, endsCleanly, get, GRACE_MS, stops, type Row } from '../harness/row.ts';

async function idleClient(t: Test, app: App, options?: Pick<ClientOptions, 'keepsOpen'>): Promise<Client> {
  const client = await app.connect(options);
  client.write(get('/?first'));
  await answers(t, client, '/?first', 'keep-alive');
  return client;
}

export const idle: readonly Row[] = [
  {
    name: 'idle: open for the grace, then FIN',
    options: { coordinator: { keepAliveGrace: GRACE_MS } },
    run: async (t, app) => {
      const client = await idleClient(t, app);
      await app.terminate();
      await endsCleanly(t, client);
      await stops(t, app, { handled: ['/?first'], idle: 1, atLeast: GRACE_MS });
    },
  },
  {
    name: 'idle, and a request within the grace: served with close, then FIN',
    run: async (t, app) => {
      const client = await idleClient(t, app);
      await app.terminate();
      await sleep(300);
      client.write(get('/?second'));
      await answers(t, client, '/?second', 'close');
      await endsCleanly(t, client);
      await stops(t, app, { handled: ['/?first', '/?second'], served: 1, answered: 1, atLeast: 300 });
    },
  },
  {
    name: 'idle, and a request within the grace that takes longer than it: served with close, then FIN',
    options: { coordinator: { keepAliveGrace: 2_000 } },
    run: async (t, app) => {
      const client = await idleClient(t, app);
      await app.terminate();
      client.write(get('/slow?ms=3000'));
      await answers(t, client, '/slow?ms=3000', 'close');
      await endsCleanly(t, client);
      await stops(t, app, { handled: ['/?first', '/slow?ms=3000'], served: 1, answered: 1, atLeast: 3_000 });
    },
  },
  {
    name: 'idle, no grace: FIN at once',
    options: { coordinator: { keepAliveGrace: 0 } },
    run: async (t, app) => {
      const client = await idleClient(t, app);
      await app.terminate();
      await endsCleanly(t, client);
      await stops(t, app, { handled: ['/?first'], idle: 1 });
    },
  },
  {
    name: 'a request that crosses our FIN is not executed, and gets no RST for an answer',
    options: { coordinator: { keepAliveGrace: GRACE_MS } },
    run: async (t, app) => {
      const client = await idleClient(t, app, { keepsOpen: true });
      await app.terminate();
      t.same(await client.ended(), { how: 'fin', rest: '' });
      for (let i = 0; i < 3; i++) {
        client.write(get(`/?crossing-${i}`));
        await sleep(100);
      }
      client.end();
      await endsCleanly(t, client);
      await stops(t, app, { handled: ['/?first'], idle: 1, atLeast: GRACE_MS + 300 });
    },
  },
  {
    name: 'a peer that never answers our FIN is left after about a second',
    options: { coordinator: { keepAliveGrace: GRACE_MS } },
    run: async (t, app) => {
      const [client, answered] = [
        await idleClient(t, app, { keepsOpen: true }),
        await idleClient(t, app, { keepsOpen: true }),
      ];
      answered.write(get('/slow?held'));
      await app.handling('/slow?held');
      await app.terminate();
      app.release();
      await answers(t, answered, '/slow?held', 'close');
      t.same(await client.ended(), { how: 'fin', rest: '' });
      t.same(await answered.ended(), { how: 'fin', rest: '' });
      const handled = ['/?first', '/?first', '/slow?held'];
      await stops(t, app, {
        handled,
        inFlight: 1,
        served: 1,
        answered: 1,
        idle: 1,
        atLeast: GRACE_MS + 1_000,
      });
      for (const each of [client, answered]) each.reset();
    },
  },
  {
    name: 'a peer that answers our FIN with RST: exit 0',
    options: { coordinator: { keepAliveGrace: GRACE_MS } },
    run: async (t, app) => {
      const client = await idleClient(t, app, { keepsOpen: true });
      await app.terminate();
      t.same(await client.ended(), { how: 'fin', rest: '' });
      client.reset();
      await stops(t, app, { handled: ['/?first'], idle: 1, atLeast: GRACE_MS });
    },
  },
  {
    name: 'a peer that goes on sending after our FIN is cut at the deadline, and nothing was lost',
    options: { coordinator: { keepAliveGrace: GRACE_MS, timeout: 2_000 } },
    run: async (t, app) => {
      const client = await idleClient(t, app, { keepsOpen: true });
      await app.terminate();
      t.same(await client.ended(), { how: 'fin', rest: '' });
      const chatter = setInterval(() => client.write(get('/?never')), 100);
      await stops(t, app, {
        handled: ['/?first'],
        cut: [{ kind: 'lingering', lost: false }],
        atLeast: 1_500,
      });
      clearInterval(chatter);
      client.reset();
    },
  },
  {
    name: "the server's own keepAliveTimeout, shorter than the grace, goes on",
    options: {
      server: { keepAliveTimeout: 2_000, keepAliveTimeoutBuffer: 0 } as object,
      coordinator: { keepAliveGrace: 10_000 },
    },
    run: async (t, app) => {
      const client = await idleClient(t, app);
      await app.terminate();
      await endsCleanly(t, client);
      await stops(t, app, { handled: ['/?first'], gone: 1 });
    },
  },
];
