// Questions about health: which paths and methods, what readiness depends on, and a port of its own.
import { once } from 'node:events';
import { createServer, request as send, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import express from 'express';
import Fastify from 'fastify';
import { createCoordinator, healthHandler, type HealthOptions } from '@graceful-cluster/core';
import { graceful } from '@graceful-cluster/express';
import gracefulCluster from '@graceful-cluster/fastify';
import { startChild } from '../helpers/child.ts';

interface Reply {
  readonly status: number | undefined;
  readonly body: string;
}

function ask(port: number, path: string, method = 'GET'): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = send({ host: '127.0.0.1', port, path, method, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode, body }));
    });
    sent.on('error', reject).end();
  });
}

async function serve(t: Test, listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

const options = { signals: [], keepAliveGrace: 50 } as const;
const ok = { status: 200, body: '{"status":"ok"}' };
const ready = { status: 200, body: '{"status":"ready"}' };

t.test('GET and HEAD of two paths, and nothing else', async (t) => {
  const coordinator = createCoordinator(options);
  t.teardown(() => coordinator.dispose());
  const port = await serve(t, healthHandler(coordinator));
  t.same(await ask(port, '/livez'), ok);
  t.same(await ask(port, '/readyz?verbose'), ready);
  t.same(await ask(port, '/readyz', 'HEAD'), { status: 200, body: '' });
  t.same(await ask(port, '/readyz', 'POST'), { status: 404, body: '' });
  t.same(await ask(port, '/'), { status: 404, body: '' });
  coordinator.setReady(false);
  t.same(await ask(port, '/readyz'), { status: 503, body: '{"status":"not ready"}' });
  t.same(await ask(port, '/livez'), ok);
});

t.test('an answer tells nothing but the state, and the names of checks', async (t) => {
  const coordinator = createCoordinator(options);
  t.teardown(() => coordinator.dispose());
  const checks = { database: () => Promise.reject(new Error('postgres://admin:secret@10.0.0.1 is down')) };
  const port = await serve(t, healthHandler(coordinator, { checks }));
  const failing = { status: 503, body: '{"status":"failing","failed":["database"]}' };
  t.same(await ask(port, '/readyz?token=secret'), failing);
  t.same(await ask(port, '/livez?token=secret'), ok);
  const sent = send({ host: '127.0.0.1', port, path: '/readyz', agent: false }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  const usual = new Set(['connection', 'date', 'keep-alive']);
  const headers = Object.keys(response.headers).filter((name) => !usual.has(name));
  t.same(headers.toSorted(), ['cache-control', 'content-length', 'content-type']);
});

t.test('in front of another listener, with paths of its own', async (t) => {
  const coordinator = createCoordinator(options);
  t.teardown(() => coordinator.dispose());
  const health = healthHandler(coordinator, { live: '/alive', ready: '/health' });
  const port = await serve(t, (request, response) => {
    health(request, response, () => response.end(`${request.method} ${request.url}`));
  });
  t.same(await ask(port, '/alive'), ok);
  t.same(await ask(port, '/health'), ready);
  t.same(await ask(port, '/livez'), { status: 200, body: 'GET /livez' });
  t.same(await ask(port, '/health', 'POST'), { status: 200, body: 'POST /health' });
});

t.test('checks: one that throws, rejects, is false or takes too long', async (t) => {
  const coordinator = createCoordinator(options);
  t.teardown(() => coordinator.dispose());
  let hanging = 0;
  let end = (): void => {};
  const checks: HealthOptions['checks'] = {
    good: async () => undefined,
    throws: () => {
      throw new Error('no');
    },
    rejects: async () => Promise.reject(new Error('no')),
    false: () => false,
    hangs: () => {
      hanging += 1;
      return new Promise<void>((resolve) => {
        end = resolve;
      });
    },
  };
  const port = await serve(t, healthHandler(coordinator, { checks, checkTimeout: 100 }));
  const failing = { status: 'failing', failed: ['throws', 'rejects', 'false', 'hangs'] };
  const replies = await Promise.all([ask(port, '/readyz'), ask(port, '/readyz')]);
  for (const { status, body } of replies) t.same([status, JSON.parse(body)], [503, failing]);
  await ask(port, '/readyz');
  t.equal(hanging, 1, 'while one hangs no other run is begun');
  end();
  t.same(await ask(port, '/livez'), ok, 'the process lives all the same');
  await ask(port, '/readyz');
  t.equal(hanging, 2);
  end();
});

t.test('both adapters take its options', async (t) => {
  const checks = {
    database: (): never => {
      throw new Error('down');
    },
  };
  const health: HealthOptions = { live: '/up', ready: '/ok', checks };
  const coordinator = createCoordinator(options);
  t.teardown(() => coordinator.dispose());
  const app = express();
  app.use(graceful({ coordinator, health }));
  app.get('/livez', (_request, response) => void response.send('mine'));
  const fastify = Fastify();
  await fastify.register(gracefulCluster, { ...options, health });
  fastify.get('/livez', async () => 'mine');
  await fastify.listen({ port: 0, host: '127.0.0.1' });
  t.teardown(() => fastify.close());
  for (const port of [
    await serve(t, app as RequestListener),
    (fastify.server.address() as AddressInfo).port,
  ]) {
    t.same(await ask(port, '/up'), ok);
    t.same(await ask(port, '/up', 'HEAD'), { status: 200, body: '' });
    t.same(await ask(port, '/ok'), { status: 503, body: '{"status":"failing","failed":["database"]}' });
    t.same(await ask(port, '/livez'), { status: 200, body: 'mine' });
    t.equal((await ask(port, '/up', 'POST')).status, 404);
  }
});

t.test('misuse is told at once', async (t) => {
  const coordinator = createCoordinator(options);
  t.teardown(() => coordinator.dispose());
  const wrong: readonly (readonly [object, RegExp])[] = [
    [{ live: 'livez' }, /^expected `live` to be a path, got 'livez' \(string\)/],
    [{ ready: '/livez' }, /^expected `ready` to be another path than `live`/],
    [{ checks: { database: true } }, /^expected `checks` to be an object of functions/],
    [{ checkTimeout: 0 }, /^expected `checkTimeout` to be a finite number > 0, got 0/],
    [{ check: {} }, /^unknown option `check`: did you mean `checks`\?/],
  ];
  for (const [each, message] of wrong) {
    t.throws(() => healthHandler(coordinator, each), { code: 'ERR_GRACEFUL_INVALID_OPTION', message });
    t.throws(() => graceful({ coordinator, health: each }), { message });
  }
  t.throws(() => healthHandler({} as never), {
    code: 'ERR_GRACEFUL_INVALID_ARGUMENT',
    message: /^expected `coordinator` to be what createCoordinator\(\) returns/,
  });
});

for (const how of ['attach', 'graceful', 'register']) {
  t.test(`${how}: on a port of its own it answers to the end`, async (t) => {
    const nodeOptions =
      how === 'register' ? ['--import', import.meta.resolve('@graceful-cluster/core/register')] : [];
    const child = await startChild(t, 'core/health', { args: [how], nodeOptions });
    const health = Number(await child.line('health'));
    t.same(await ask(health, '/readyz'), ready);
    const slow = ask(child.port, '/slow');
    await child.line('request');
    child.kill('SIGTERM');
    await child.line('state draining');
    await t.rejects(ask(child.port, '/'), { code: 'ECONNREFUSED' });
    t.same(await ask(health, '/readyz'), { status: 503, body: '{"status":"draining"}' });
    t.same(await ask(health, '/livez'), ok);
    child.kill('SIGUSR2');
    t.same(await slow, { status: 200, body: 'slow' });
    const { code, signal } = await child.exited;
    t.same([code, signal], [0, null]);
  });
}
