import { answers, endsCleanly, get, GRACE_MS, stops, type Row } from '../harness/row.ts';

export const inFlight: readonly Row[] = [
  {
    name: 'in flight, headers not sent: answered with Connection: close, then FIN',
    run: async (t, app) => {
      const client = await app.connect();
      client.write(get('/slow?held'));
      await app.handling('/slow?held');
      await app.terminate();
      app.release();
      await answers(t, client, '/slow?held', 'close');
      await endsCleanly(t, client);
      await stops(t, app, { handled: ['/slow?held'], inFlight: 1, served: 1, answered: 1 });
    },
  },
  {
    name: 'in flight for longer than the grace: answered with Connection: close, then FIN',
    options: { coordinator: { keepAliveGrace: GRACE_MS } },
    run: async (t, app) => {
      const url = '/slow?held&ms=700';
      const client = await app.connect();
      client.write(get(url));
      await app.handling(url);
      await app.terminate();
      app.release();
      await answers(t, client, url, 'close');
      await endsCleanly(t, client);
      await stops(t, app, { handled: [url], inFlight: 1, served: 1, answered: 1, atLeast: 700 });
    },
  },
  {
    name: 'in flight, headers sent: the body is completed, and a request within the grace is served with close',
    run: async (t, app) => {
      const client = await app.connect();
      client.write(get('/headers-first?held'));
      await client.received(1);
      await app.terminate();
      app.release();
      await answers(t, client, '/headers-first?held', 'keep-alive');
      t.notOk(client.hasEnded(), 'still open');
      client.write(get('/'));
      await answers(t, client, '/', 'close');
      await endsCleanly(t, client);
      await stops(t, app, { handled: ['/headers-first?held', '/'], inFlight: 1, served: 2, answered: 1 });
    },
  },
  {
    name: 'in flight, headers sent: the body is completed, then FIN after the grace',
    options: { coordinator: { keepAliveGrace: GRACE_MS } },
    run: async (t, app) => {
      const url = '/headers-first?held&ms=300';
      const client = await app.connect();
      client.write(get(url));
      await client.received(1);
      await app.terminate();
      app.release();
      await answers(t, client, url, 'keep-alive');
      await endsCleanly(t, client);
      await stops(t, app, { handled: [url], inFlight: 1, served: 1, idle: 1, atLeast: 300 + GRACE_MS });
    },
  },
  {
    name: 'in flight during the shutdown delay: close, FIN; idle connections stay until the listeners close',
    options: { coordinator: { shutdownDelay: 4_000 } },
    run: async (t, app) => {
      const [client, idle] = [await app.connect(), await app.connect()];
      idle.write(get('/?before'));
      await answers(t, idle, '/?before', 'keep-alive');
      client.write(get('/slow?held'));
      await app.handling('/slow?held');
      await app.terminate();
      app.release();
      await answers(t, client, '/slow?held', 'close');
      await endsCleanly(t, client);
      await app.told('state closing');
      t.notOk(idle.hasEnded(), 'the idle one is open');
      idle.write(get('/?after'));
      await answers(t, idle, '/?after', 'close');
      await endsCleanly(t, idle);
      const handled = ['/?before', '/slow?held', '/?after'];
      await stops(t, app, { handled, served: 1, answered: 1, atLeast: 4_000 });
    },
  },
  {
    name: 'the report counts requests and connections as their clients do',
    options: { coordinator: { keepAliveGrace: 3_000 } },
    run: async (t, app) => {
      const [pipelining, streaming, idle, silent, leaving] = [
        await app.connect(),
        await app.connect(),
        await app.connect(),
        await app.connect(),
        await app.connect(),
      ];
      await app.told('opened', 5);
      const pipelined = ['/slow?held&1', '/slow?held&2', '/slow?held&3'];
      idle.write(get('/?idle'));
      await answers(t, idle, '/?idle', 'keep-alive');
      pipelining.write(pipelined.map((url) => get(url)).join(''));
      await app.handling(...pipelined);
      streaming.write(get('/headers-first?held'));
      await streaming.received(1);
      leaving.write(get('/slow?ms=60000'));
      await app.handling('/slow?ms=60000');
      await app.terminate();
      leaving.reset();
      idle.write(get('/?idle-again'));
      await answers(t, idle, '/?idle-again', 'close');
      silent.write(get('/?silent'));
      await answers(t, silent, '/?silent', 'close');
      app.release();
      for (const url of pipelined.slice(0, 2)) await answers(t, pipelining, url, 'keep-alive');
      await answers(t, pipelining, '/slow?held&3', 'close');
      await answers(t, streaming, '/headers-first?held', 'keep-alive');
      for (const client of [pipelining, streaming, idle, silent]) await endsCleanly(t, client);
      const before = ['/?idle', ...pipelined, '/headers-first?held', '/slow?ms=60000'];
      await stops(t, app, {
        handled: [...before, '/?idle-again', '/?silent'],
        inFlight: 5,
        served: 6,
        answered: 3,
        idle: 1,
        gone: 1,
      });
    },
  },
  {
    name: 'a connection that comes after the signal is refused',
    run: async (t, app) => {
      const client = await app.connect();
      client.write(get('/slow?held'));
      await app.handling('/slow?held');
      await app.terminate();
      await t.rejects(app.connect(), { code: 'ECONNREFUSED' });
      app.release();
      await answers(t, client, '/slow?held', 'close');
      await endsCleanly(t, client);
      await stops(t, app, { handled: ['/slow?held'], inFlight: 1, served: 1, answered: 1 });
    },
  },
];
