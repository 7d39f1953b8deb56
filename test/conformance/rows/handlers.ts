import { answers, endsCleanly, get, GRACE_MS, says, stops, type Row } from '../harness/row.ts';

const crashes = /Error: thrown by a handler/;

export const handlers: readonly Row[] = [
  {
    name: 'an app that destroys its response: what Node does without us, exit 0',
    run: async (t, app, start) => {
      const plain = await start({ plain: true });
      const [client, without] = [await app.connect(), await plain.connect()];
      client.write(get('/destroy?held'));
      without.write(get('/destroy?held'));
      await app.handling('/destroy?held');
      await app.terminate();
      for (const each of [app, plain]) each.release();
      t.same(await client.closed(), await without.closed(), 'the same end');
      await stops(t, app, { handled: ['/destroy?held'], inFlight: 1, gone: 1 });
    },
  },
  {
    name: 'a handler that throws: 500 with close, exit 0',
    skip: ({ answersErrors }) => (answersErrors ? undefined : 'ends the process'),
    run: async (t, app) => {
      const client = await app.connect();
      await app.told('opened');
      await app.terminate();
      client.write(get('/throw'));
      const response = await client.response();
      t.equal(response.status, 500);
      says(t, response, 'close');
      await endsCleanly(t, client);
      await stops(t, app, { handled: ['/throw'], served: 1, answered: 1 });
    },
  },
  {
    name: 'a handler that throws in the drain: the others are answered, its own request is cut, exit 1',
    skip: ({ answersErrors }) => (answersErrors ? 'answers 500' : undefined),
    options: { coordinator: { timeout: 5_000 } },
    run: async (t, app, start) => {
      const plain = await start({ plain: true });
      const [client, other, without] = [await app.connect(), await app.connect(), await plain.connect()];
      other.write(get('/slow?held'));
      await app.handling('/slow?held');
      await app.terminate();
      client.write(get('/throw'));
      without.write(get('/throw'));
      const { code, signal } = await plain.stopped();
      t.same({ code, signal }, { code: 1, signal: null }, 'without us the process dies');
      await app.handling('/throw');
      app.release();
      await answers(t, other, '/slow?held', 'close');
      await endsCleanly(t, other);
      t.equal((await client.closed()).rest, '', 'no answer');
      await stops(t, app, {
        handled: ['/slow?held', '/throw'],
        inFlight: 1,
        served: 1,
        lost: 1,
        answered: 1,
        cut: [{ kind: 'request', name: /^GET \/throw, \d\.\d s$/, lost: true }],
        code: 1,
        stderr: crashes,
      });
    },
  },
  {
    name: 'a handler that throws, and handleFatalErrors: the others are answered, its own request is cut, exit 1',
    skip: ({ answersErrors }) => (answersErrors ? 'answers 500' : undefined),
    options: { coordinator: { handleFatalErrors: true, timeout: 5_000 } },
    run: async (t, app) => {
      const [client, other] = [await app.connect(), await app.connect()];
      other.write(get('/slow?held'));
      await app.handling('/slow?held');
      client.write(get('/throw'));
      await app.told('state');
      app.release();
      await answers(t, other, '/slow?held', 'close');
      await endsCleanly(t, other);
      t.equal((await client.closed()).rest, '', 'no answer');
      await stops(t, app, {
        handled: ['/slow?held', '/throw'],
        inFlight: 2,
        served: 1,
        lost: 1,
        answered: 1,
        cut: [{ kind: 'request', name: /^GET \/throw, \d\.\d s$/, lost: true }],
        code: 1,
        stderr: crashes,
      });
    },
  },
  {
    name: 'shutdown() from within a handler: answered with close, and the process ends by itself',
    options: { coordinator: { keepAliveGrace: GRACE_MS } },
    run: async (t, app) => {
      const [client, idle] = [await app.connect(), await app.connect()];
      idle.write(get('/?idle'));
      await answers(t, idle, '/?idle', 'keep-alive');
      client.write(get('/shutdown'));
      await answers(t, client, '/shutdown', 'close');
      await endsCleanly(t, client);
      await endsCleanly(t, idle);
      await stops(t, app, { handled: ['/?idle', '/shutdown'], inFlight: 1, served: 1, answered: 1, idle: 1 });
    },
  },
  {
    name: 'shutdown() from within a handler with requests behind it in the chunk: what is executed is answered',
    run: async (t, app) => {
      const client = await app.connect();
      client.write(get('/slow?ms=100') + get('/shutdown') + get('/?behind') + get('/slow?ms=0'));
      const answered: string[] = [];
      for (let last = false; !last;) {
        const response = await client.response();
        last = response.headers.some(([name, value]) => name === 'connection' && value === 'close');
        answered.push(response.body);
      }
      await endsCleanly(t, client);
      const stopped = await app.stopped();
      t.same(stopped.handled, answered, 'executed and answered are the same');
      t.same(answered.slice(0, 2), ['/slow?ms=100', '/shutdown']);
      t.match(stopped, { code: 0, signal: null, stderr: '' });
      t.equal(stopped.report?.requests.served, answered.length, 'the report agrees');
    },
  },
];
