// What a person reads who passed the wrong thing: one line that names it, and says what to pass instead.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import express, { type Express, type RequestHandler } from 'express';
import Fastify from 'fastify';
import t from 'tap';
import { WebSocketServer } from 'ws';
import { createCoordinator, superviseCluster, type ShutdownCoordinator } from '@graceful-cluster/core';
import { graceful } from '@graceful-cluster/express';
import gracefulCluster from '@graceful-cluster/fastify';

const express4 = createRequire(import.meta.url)('express4') as () => Express;

/** The message of the error that this throws; it has one line, and is short enough to be read. */
async function messageOf(wrong: () => unknown): Promise<string> {
  try {
    await wrong();
  } catch (error) {
    const { message } = error as Error;
    return message.includes('\n') || message.length > 400 ? `too long: ${message}` : message;
  }
  return 'nothing was thrown';
}

const argument =
  '(https://github.com/graceful-cluster/graceful-cluster/blob/main/docs/errors.md#err_graceful_invalid_argument)';
const option =
  '(https://github.com/graceful-cluster/graceful-cluster/blob/main/docs/errors.md#err_graceful_invalid_option)';
const noServer = 'expected `server` to be a net.Server or one of its kinds, got';

t.test('attach: what was passed, and what to attach instead', async (t) => {
  const coordinator = createCoordinator({ signals: [] });
  t.teardown(() => coordinator.dispose());
  const http = createServer();
  const cases: readonly (readonly [unknown, string])[] = [
    [express(), 'an Express app: attach what app.listen() returns, or use @graceful-cluster/express'],
    [express4(), 'an Express app: attach what app.listen() returns, or use @graceful-cluster/express'],
    [Fastify(), 'a Fastify instance: attach fastify.server, or use @graceful-cluster/fastify'],
    [
      new WebSocketServer({ noServer: true }),
      'a WebSocketServer: attach the HTTP server that it was made with',
    ],
    [{ getHttpServer: () => http }, 'a Nest application: attach app.getHttpServer()'],
    [{ middleware: [], callback() {}, listen() {} }, 'a Koa app: attach what app.listen() returns'],
    [{ listener: http }, 'a server with a `listener`: attach server.listener'],
    [{ httpServer: http }, 'an object with an `httpServer`: attach its httpServer'],
    [{ server: http }, 'an object with a `server`: attach its server'],
    [
      { fetch() {} },
      'an app of fetch handlers: attach the server that serves it, such as what serve(app) returns',
    ],
    [Promise.resolve(http), 'a promise: attach what it resolves with: await it first'],
    ['3000', "'3000' (string)"],
    [{ text: 'x'.repeat(1_000) }, `{ text: '${'x'.repeat(91)}… (object)`],
  ];
  for (const [value, text] of cases) {
    const message = await messageOf(() => coordinator.attach(value as never));
    t.equal(message, `${noServer} ${text} ${argument}`);
  }
});

t.test('options: an app or a server in their place', async (t) => {
  const server = createServer();
  const app = express();
  const attach = 'in place of options: use createCoordinator().attach(server)';
  t.equal(await messageOf(() => createCoordinator(server as object)), `got a Server ${attach} ${option}`);
  t.equal(await messageOf(() => createCoordinator(app as object)), `got an Express app ${attach} ${option}`);
  const use = 'in place of options: use app.use(graceful())';
  t.equal(await messageOf(() => graceful(app as object)), `got an Express app ${use} ${option}`);
  t.equal(await messageOf(() => graceful(server as object)), `got a Server ${use} ${option}`);
  t.match(await messageOf(() => superviseCluster(server)), /^got a Server in place of options: use/);
});

t.test('options: each function names its own', async (t) => {
  const unknown = (name: string): RegExp => new RegExp(`^unknown option \`${name}\`: `);
  const adapter = await messageOf(() => graceful({ abc: 1 } as object));
  t.match(adapter, unknown('abc'));
  t.match(adapter, /options are health, server, coordinator, signals, timeout, /);
  t.match(await messageOf(() => graceful({ helth: true } as object)), /did you mean `health`\?/);
  t.match(await messageOf(() => superviseCluster({ worker: 2 } as object)), /did you mean `workers`\?/);
  t.match(
    await messageOf(() => superviseCluster({ abc: 2 } as object)),
    /options are workers, reloadSignal, .*, signals/,
  );
  t.match(
    await messageOf(() => superviseCluster({ workers: 'max' as 'auto' })),
    /^expected `workers` to be a whole number > 0 or 'auto', got 'max' \(string\)/,
  );
});

t.test('what an adapter is given, and readiness', async (t) => {
  const wrong = { coordinator: createCoordinator as unknown as ShutdownCoordinator };
  const path = { health: '/health' as unknown as boolean };
  const calls: ((options: object) => unknown)[] = [
    (options) => graceful(options),
    (options) => Fastify().register(gracefulCluster, { signals: [], ...options }),
  ];
  for (const call of calls) {
    t.match(
      await messageOf(async () => call(wrong)),
      /^expected `coordinator` to be what createCoordinator\(\) returns, got \[Function/,
    );
    t.equal(
      await messageOf(async () => call(path)),
      `expected \`health\` to be a boolean or { live, ready, checks }, got '/health' (string) ${option}`,
    );
  }
  const coordinator = createCoordinator({ signals: [] });
  const setReady = coordinator.setReady as (ready?: boolean) => void;
  t.equal(await messageOf(() => setReady()), `expected \`ready\` to be a boolean, got undefined ${argument}`);
  coordinator.dispose();
});

t.test('app.use(graceful) without the call throws at that line', async (t) => {
  const call = `graceful is not the middleware itself: call it, app.use(graceful()) ${argument}`;
  for (const app of [express(), express4()]) {
    t.equal(await messageOf(() => app.use(graceful as unknown as RequestHandler)), call);
    t.equal(await messageOf(() => app.use('/api', graceful as unknown as RequestHandler)), call);
  }
});

t.test('a router gives it a request: told with the first one', async (t) => {
  const { IncomingMessage } = await import('node:http');
  const { Socket } = await import('node:net');
  const request = new IncomingMessage(new Socket());
  t.equal(
    await messageOf(() => graceful(request as object)),
    `got a request in place of options: use app.use(graceful()) ${option}`,
  );
});

t.test('two graceful() with options of their own on one app', async (t) => {
  for (const app of [express(), express4()]) {
    const first = graceful({ signals: [] });
    app.use(first);
    app.use(graceful({ coordinator: first.coordinator }));
    const second = graceful({ signals: [] });
    t.match(
      await messageOf(() => app.use(second)),
      /^there is a graceful\(\) with another coordinator on this app: one is enough \(https:.+\/docs\/errors\.md#err_graceful_server_owned\)$/,
    );
    first.coordinator.dispose();
    second.coordinator.dispose();
  }
});

t.test('register(gracefulCluster()) throws at that line', async (t) => {
  const wrong = gracefulCluster as unknown as () => never;
  t.equal(
    await messageOf(() => Fastify().register(wrong())),
    `gracefulCluster is the plugin itself: pass it without a call, register(gracefulCluster) ${argument}`,
  );
});

t.test('a shutdown without a server says what is missing', async (t) => {
  const warning = new Promise<NodeJS.ErrnoException>((resolve) => {
    process.once('warning', resolve);
  });
  await createCoordinator({ signals: [], logger: false }).shutdown();
  const { code, message } = await warning;
  t.equal(code, 'WARN_GRACEFUL_NO_SERVER');
  t.equal(
    message,
    'shutdown with no server attached: call coordinator.attach(server) for each server ' +
      '(https://github.com/graceful-cluster/graceful-cluster/blob/main/docs/errors.md#warn_graceful_no_server)',
  );
});
