import dns from 'node:dns';
import { once } from 'node:events';
import { Agent, createServer, get, type Server } from 'node:http';
import { connect } from 'node:http2';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify';
import t, { type Test } from 'tap';
import { createCoordinator, type Logger } from '@graceful-cluster/core';
import gracefulCluster, { gracefulCluster as named } from '@graceful-cluster/fastify';
import { certificate } from '../fixtures/conformance/certificate.ts';
import { ask, askSecurely, type Answer } from '../helpers/child.ts';

const signals: readonly NodeJS.Signals[] = [];
const quick = { signals, keepAliveGrace: 50, handshakeTimeout: 100 };

interface App {
  readonly fastify: FastifyInstance;
  readonly port: number;
  readonly log: string[];
}

/** `/` answers at once, `/slow` after 300 ms; `log` has the steps in their order. */
function addRoutes(fastify: FastifyInstance, log: string[]): void {
  fastify.get('/', async () => 'hello');
  fastify.get('/slow', (_request, reply) => {
    arrived += 1;
    setTimeout(() => {
      log.push('answered');
      void reply.send('slow');
    }, 300);
  });
  fastify.addHook('preClose', async () => void log.push('preClose'));
  fastify.addHook('onClose', async () => void log.push('onClose'));
}

async function start(t: Test, options: FastifyServerOptions = {}, host = '127.0.0.1'): Promise<App> {
  const log: string[] = [];
  const fastify = Fastify(options);
  await fastify.register(gracefulCluster, quick);
  addRoutes(fastify, log);
  await fastify.listen({ port: 0, host });
  t.teardown(() => fastify.close());
  return { fastify, port: (fastify.server.address() as AddressInfo).port, log };
}

let arrived = 0;

/** A request that is in flight, in an object: awaiting a promise of a promise would await both. */
async function slow(port: number): Promise<{ readonly answer: Promise<Answer | string> }> {
  const before = arrived;
  const answer = ask(port, '/slow');
  while (arrived === before) await sleep(5);
  return { answer };
}

const answered = { status: 200, body: 'slow' };

t.test('close() drains first: promise, callback, asyncDispose, and a second call', async (t) => {
  const ways: Record<string, (fastify: FastifyInstance) => Promise<unknown>> = {
    promise: (fastify) => fastify.close(),
    callback: (fastify) =>
      new Promise<void>((resolve) => {
        t.equal(
          fastify.close(() => resolve()),
          undefined,
        );
      }),
    asyncDispose: (fastify) => fastify[Symbol.asyncDispose](),
    twice: (fastify) => Promise.all([fastify.close(), fastify.close()]),
    coordinator: async (fastify) => {
      const report = await fastify.coordinator.shutdown('test');
      t.equal(report.clean, true);
      await fastify.close();
    },
  };
  for (const [name, close] of Object.entries(ways)) {
    const { fastify, port, log } = await start(t, { return503OnClosing: true });
    const answers = [(await slow(port)).answer, (await slow(port)).answer];
    const closing = once(fastify.coordinator.signal, 'abort');
    const closed = close(fastify);
    await closing;
    t.equal(await ask(port, '/'), 'ECONNREFUSED', `${name}: new clients are refused at once`);
    await closed;
    t.match(await Promise.all(answers), [answered, answered], `${name}: requests in flight are answered`);
    t.same(log, ['preClose', 'answered', 'answered', 'onClose'], `${name}: preClose before, onClose after`);
    t.equal(fastify.server.listening, false);
    t.equal(fastify.coordinator.state, 'stopped');
  }
});

t.test('a request on an idle keep-alive connection is served while close() drains', async (t) => {
  const { fastify, port } = await start(t);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.match(await ask(port, '/', agent), { status: 200, connection: 'keep-alive' });
  const held = await slow(port);
  const closing = once(fastify.coordinator.signal, 'abort');
  const closed = fastify.close();
  await closing;
  t.match(await ask(port, '/', agent), { status: 200, connection: 'close', body: 'hello' });
  t.match(await held.answer, answered);
  await closed;
});

t.test('an error of an onClose hook reaches the caller, by promise and by callback', async (t) => {
  for (const way of ['promise', 'callback'] as const) {
    const fastify = Fastify();
    await fastify.register(gracefulCluster, quick);
    fastify.addHook('onClose', async () => Promise.reject(new Error('pool is stuck')));
    await fastify.ready();
    const error =
      way === 'promise'
        ? await fastify.close().catch((error: unknown) => error)
        : await new Promise((resolve) => {
            fastify.close(resolve as () => void);
          });
    t.match(error, { message: 'pool is stuck' }, way);
  }
});

t.test('registered inside a prefix: all of the instance is covered, and decorated', async (t) => {
  const log: string[] = [];
  const fastify = Fastify();
  addRoutes(fastify, log);
  await fastify.register(
    async (scope) => {
      await scope.register(gracefulCluster, { ...quick, health: true });
      t.equal(scope.coordinator.state, 'running');
    },
    { prefix: '/api' },
  );
  const address = await fastify.listen({ port: 0, host: '127.0.0.1' });
  const port = Number(new URL(address).port);
  t.equal(fastify.coordinator.state, 'running', 'the root instance has it as well');
  t.match(await ask(port, '/api/livez'), { status: 200 });
  const { answer } = await slow(port);
  await fastify.close();
  t.match(await answer, answered);
  t.same(log, ['answered', 'preClose', 'onClose'], 'a preClose hook from before the plugin is Fastify’s own');
});

t.test('a preClose hook that fails by its callback fails close(), with the plugin and without', async (t) => {
  for (const ours of [false, true]) {
    const fastify = Fastify();
    if (ours) await fastify.register(gracefulCluster, quick);
    fastify.addHook('preClose', (done) => setTimeout(done, 10, new Error('not closed')));
    await fastify.listen({ port: 0, host: '127.0.0.1' });
    await t.rejects(fastify.close(), { message: 'not closed' });
  }
});

t.test('registered twice: the first one counts', async (t) => {
  const fastify = Fastify();
  await fastify.register(gracefulCluster, { ...quick, health: true });
  const { coordinator } = fastify;
  await fastify.register(gracefulCluster, { ...quick, health: true });
  await fastify.register(async (scope) => {
    await scope.register(named, { health: true, prefix: '/deep', logLevel: 'warn' });
    t.equal(scope.coordinator, coordinator);
  });
  t.equal((await fastify.inject('/readyz')).json().status, 'ready');
  await fastify.close();
  t.equal(coordinator.state, 'stopped');
});

t.test('two instances: each close() stops its own', async (t) => {
  const [one, two] = [await start(t), await start(t)];
  const { answer } = await slow(one.port);
  await one.fastify.close();
  t.match(await answer, answered);
  t.match(await ask(two.port, '/'), { status: 200 });
  await two.fastify.close();
});

t.test('inject: no listener, no signal, nothing left behind', async (t) => {
  const before = process.listenerCount('SIGTERM');
  const fastify = Fastify();
  await fastify.register(gracefulCluster);
  addRoutes(fastify, []);
  let hook = false;
  fastify.coordinator.onShutdown('database', () => {
    hook = true;
  });
  t.equal(process.listenerCount('SIGTERM'), before + 1);
  t.equal((await fastify.inject('/')).body, 'hello');
  const start = performance.now();
  await fastify.close();
  t.ok(performance.now() - start < 500, 'close() waits for nothing');
  t.equal(hook, true, 'onShutdown hooks run');
  t.equal(process.listenerCount('SIGTERM'), before);
});

t.test('inject, with a delay that is meant for load balancers: close() waits for nobody', async (t) => {
  const fastify = Fastify();
  await fastify.register(gracefulCluster, { ...quick, shutdownDelay: 6_000 });
  addRoutes(fastify, []);
  let delayed: number | undefined;
  fastify.coordinator.on('stopped', ({ phases }) => {
    delayed = phases.delaying;
  });
  t.equal((await fastify.inject('/')).body, 'hello');
  await fastify.close();
  t.equal(delayed, 0);
});

t.test('a hundred instances in one process warn of nothing', async (t) => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error): unknown => warnings.push(warning);
  process.on('warning', onWarning);
  const instances = await Promise.all(
    Array.from({ length: 100 }, async () => {
      const fastify = Fastify();
      await fastify.register(gracefulCluster);
      await fastify.ready();
      return fastify;
    }),
  );
  await Promise.all(instances.map((fastify) => fastify.close()));
  await sleep(10);
  process.off('warning', onWarning);
  t.same(warnings, []);
});

t.test('the second listener of localhost drains as the first one does (fastify/fastify#7043)', async (t) => {
  const { lookup } = dns;
  t.teardown(() => {
    dns.lookup = lookup;
  });
  // Not every machine has two addresses for localhost.
  const lookupTwo = (host: string, options: unknown, found?: (...args: unknown[]) => void): void => {
    const done = typeof options === 'function' ? (options as (...args: unknown[]) => void) : found;
    const addresses = host === 'localhost' ? ['127.0.0.1', '127.0.0.2'] : [host];
    const all = addresses.map((address) => ({ address, family: 4 }));
    setImmediate(() => {
      if (typeof options === 'object' && options !== null && 'all' in options) done?.(null, all);
      else done?.(null, addresses[0], 4);
    });
  };
  dns.lookup = lookupTwo as typeof dns.lookup;
  for (const forceCloseConnections of [true, false, 'idle'] as const) {
    const { fastify, port } = await start(t, { forceCloseConnections }, 'localhost');
    t.equal(fastify.addresses().length, 2);
    // No client is connected to the first: Fastify closes the second as soon as the first has closed.
    const before = arrived;
    const answer = fetchFrom('127.0.0.2', port, '/slow');
    while (arrived === before) await sleep(5);
    const closing = once(fastify.coordinator.signal, 'abort');
    const closed = fastify.close();
    await closing;
    t.equal(await fetchFrom('127.0.0.2', port, '/'), 'ECONNREFUSED');
    t.equal(await fetchFrom('127.0.0.1', port, '/'), 'ECONNREFUSED');
    t.equal(await answer, 'slow', `forceCloseConnections: ${forceCloseConnections}`);
    await closed;
    t.equal(fastify.addresses().length, 0);
  }
});

function fetchFrom(host: string, port: number, path: string): Promise<string> {
  return new Promise((resolve) => {
    const request = get({ host, port, path }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve(body));
      response.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    });
    request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
  });
}

t.test('forceCloseConnections cuts nothing that drains', async (t) => {
  const { fastify, port } = await start(t, { forceCloseConnections: true });
  const { answer } = await slow(port);
  await fastify.close();
  t.match(await answer, answered);
});

t.test('serverFactory: its server drains', async (t) => {
  let server: Server | undefined;
  const { fastify, port } = await start(t, {
    serverFactory: (handler) => (server = createServer((request, response) => handler(request, response))),
  });
  t.equal(fastify.server, server);
  const { answer } = await slow(port);
  await fastify.close();
  t.match(await answer, answered);
});

t.test('https: the request in flight is answered', async (t) => {
  const fastify = Fastify({ https: certificate });
  await fastify.register(gracefulCluster, quick);
  fastify.get('/slow', (_request, reply) => {
    arrived += 1;
    setTimeout(() => void reply.send('slow'), 300);
  });
  await fastify.listen({ port: 0, host: '127.0.0.1' });
  const { port } = fastify.server.address() as AddressInfo;
  const before = arrived;
  const answer = askSecurely(port, '/slow');
  while (arrived === before) await sleep(5);
  const closing = once(fastify.coordinator.signal, 'abort');
  const closed = fastify.close();
  await closing;
  t.equal(await askSecurely(port, '/slow'), 'ECONNREFUSED');
  t.equal(await answer, 'slow');
  await closed;
});

t.test('http2: streams finish', async (t) => {
  const log: string[] = [];
  const fastify = Fastify({ http2: true });
  await fastify.register(gracefulCluster, quick);
  fastify.get('/slow', (_request, reply) => {
    arrived += 1;
    setTimeout(() => void reply.send('slow'), 300);
  });
  fastify.addHook('onClose', async () => void log.push('onClose'));
  const before = arrived;
  const session = connect(await fastify.listen({ port: 0, host: '127.0.0.1' }));
  const stream = session.request({ ':path': '/slow' });
  let body = '';
  stream.setEncoding('utf8').on('data', (text: string) => (body += text));
  while (arrived === before) await sleep(5);
  const closed = fastify.close();
  await once(stream, 'end');
  t.equal(body, 'slow');
  t.same(log, []);
  await closed;
  t.same(log, ['onClose']);
});

t.test('registered after ready() or listen(): Fastify says so', async (t) => {
  const fastify = Fastify();
  await fastify.ready();
  t.throws(() => fastify.register(gracefulCluster), { code: 'AVV_ERR_ROOT_PLG_BOOTED' });
  await fastify.close();
});

t.test('options that do not exist, or that mean nothing, stop the start', async (t) => {
  const coordinator = createCoordinator({ signals: [] });
  const wrong: [object, string][] = [
    [{ timeuot: 1 }, 'unknown option `timeuot`: did you mean `timeout`?'],
    [{ helth: true }, 'unknown option `helth`: did you mean `health`?'],
    [{ xyz: 1 }, 'unknown option `xyz`: options are health, coordinator, prefix'],
    [{ timeout: 'x' }, "expected `timeout` to be a finite number > 0, got 'x' (string)"],
    [{ coordinator, timeout: 5_000 }, 'expected `timeout` to be left out: there is a coordinator already'],
    [
      { coordinator, health: undefined, timeout: undefined, signals: [] },
      'expected `signals` to be left out: there is a coordinator already',
    ],
  ];
  for (const [options, message] of wrong) {
    const fastify = Fastify();
    await t.rejects(
      async () => fastify.register(gracefulCluster, options),
      { code: 'ERR_GRACEFUL_INVALID_OPTION', message: new RegExp(`^${message.replace(/[()?]/g, '\\$&')}`) },
      message,
    );
    await fastify.close();
  }
  const fastify = Fastify();
  await fastify.register(gracefulCluster, quick);
  await t.rejects(async () => fastify.register(gracefulCluster, { coordinator }), {
    code: 'ERR_GRACEFUL_INVALID_OPTION',
  });
  await fastify.close();
});

t.test('a coordinator of one’s own: one shutdown stops all, close() drains one', async (t) => {
  const coordinator = createCoordinator(quick);
  const log: string[] = [];
  const make = async (): Promise<[FastifyInstance, number]> => {
    const fastify = Fastify();
    await fastify.register(gracefulCluster, { coordinator });
    addRoutes(fastify, log);
    const address = await fastify.listen({ port: 0, host: '127.0.0.1' });
    return [fastify, Number(new URL(address).port)];
  };
  const [[one, first], [, second], [, third]] = [await make(), await make(), await make()];
  const { answer } = await slow(first);
  await Promise.all([one.close(), one.close()]);
  t.match(await answer, answered);
  t.same(log, ['preClose', 'answered', 'onClose']);
  t.equal(coordinator.state, 'running');
  t.match(await ask(second, '/'), { status: 200 });

  const answers = [(await slow(second)).answer, (await slow(third)).answer];
  const report = await coordinator.shutdown('test');
  t.equal(report.clean, true, JSON.stringify(report));
  t.match(await Promise.all(answers), [answered, answered]);
  t.same(log.slice(3).toSorted(), ['answered', 'answered', 'onClose', 'onClose', 'preClose', 'preClose']);
  coordinator.dispose();
});

t.test('health: livez stays, readyz turns', async (t) => {
  const fastify = Fastify();
  await fastify.register(gracefulCluster, { ...quick, health: true });
  fastify.get('/slow', (_request, reply) => {
    arrived += 1;
    setTimeout(() => void reply.send('slow'), 300);
  });
  const port = Number(new URL(await fastify.listen({ port: 0, host: '127.0.0.1' })).port);
  t.match(await ask(port, '/livez'), { status: 200, body: '{"status":"ok"}' });
  t.match(await ask(port, '/readyz'), { status: 200, body: '{"status":"ready"}' });
  fastify.coordinator.setReady(false);
  t.match(await ask(port, '/readyz'), { status: 503 });
  fastify.coordinator.setReady(true);
  const { answer } = await slow(port);
  const closed = fastify.close();
  t.equal((await fastify.inject('/livez')).statusCode, 200);
  t.match((await fastify.inject('/readyz')).statusCode, 503);
  t.match(await answer, answered);
  await closed;
});

t.test('what it tells goes to fastify.log', async (t) => {
  const lines: string[] = [];
  const fastify = Fastify({ logger: { level: 'info', stream: { write: (line) => void lines.push(line) } } });
  await fastify.register(gracefulCluster, quick);
  await fastify.listen({ port: 0, host: '127.0.0.1' });
  await fastify.close();
  const messages = lines.map((line) => (JSON.parse(line) as { readonly msg: string }).msg);
  t.match(messages.at(-2), 'shutdown: listeners close (fastify.close())');
  t.match(messages.at(-1), /^shutdown: clean after/);

  const own: string[] = [];
  const write = (_: object, message: string): unknown => own.push(message);
  const logger: Logger = { debug: write, info: write, warn: write, error: write };
  const other = Fastify();
  await other.register(gracefulCluster, { ...quick, logger });
  await other.close();
  t.match(own.at(-1), /^shutdown: stopped|^shutdown: clean/);
});

t.test('from CommonJS as from ESM, default and named', async (t) => {
  const required: unknown = createRequire(import.meta.url)('@graceful-cluster/fastify');
  t.equal(required, gracefulCluster);
  t.equal(named, gracefulCluster);
  t.equal(named.default, gracefulCluster);
  t.equal(named.gracefulCluster, gracefulCluster);
});
