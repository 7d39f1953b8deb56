import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import express, { type Application, type NextFunction, type Request, type Response } from 'express';
import t, { type Test } from 'tap';
import { createCoordinator } from '@graceful-cluster/core';
import defaultExport, { graceful } from '@graceful-cluster/express';
import { certificate } from '../fixtures/conformance/certificate.ts';
import { ask, askSecurely, startChild } from '../helpers/child.ts';

const ways = [
  'listen',
  'createServer',
  'wrapped',
  'given',
  'used after listen',
  'used long after listen',
  'wrapped, used long after listen',
  'a sub-app',
  'a router',
  'an app and its sub-app',
  'two apps',
  'two apps with options, one mounted late',
];

for (const version of [5, 4]) {
  t.test(`Express ${version}: the app’s server is found`, { jobs: 4 }, async (t) => {
    for (const way of ways) t.test(way, (t) => stop(t, version, way));
  });
}

async function stop(t: Test, version: number, way: string): Promise<void> {
  const child = await startChild(t, 'adapters/express', { args: [String(version), way] });
  t.match(await ask(child.port, '/'), { status: 200 });
  const answer = ask(child.port, '/slow');
  await child.line('request');
  child.kill('SIGTERM');
  // With options of their own two apps have a shutdown each, and the first has nothing to wait for.
  const own = way.startsWith('two apps with options');
  await child.line('closing', own ? 2 : 1);
  t.equal(await ask(child.port, '/'), 'ECONNREFUSED');
  child.kill('SIGUSR2');
  t.match(await answer, { status: 200, connection: 'close', body: 'slow' });
  const { stdout, ...exit } = await child.exited;
  t.same(exit, { code: 0, signal: null, stderr: '' });
  const hooks = stdout.split('\n').filter((line) => line.startsWith('hook'));
  const late = (own ? hooks.slice(-1) : hooks).every((line) => line === 'hook 0');
  t.ok(hooks.length > 0 && late, `hooks run when all is answered: ${hooks.join()}`);
}

t.test('an app that never listened: one warning, with a code', async (t) => {
  const child = await startChild(t, 'adapters/express', { args: ['5', 'never'] });
  child.kill('SIGTERM');
  const { code, signal, stderr } = await child.exited;
  t.same({ code, signal }, { code: 0, signal: null });
  t.equal(stderr.match(/WARN_GRACEFUL_NO_SERVER/g)?.length, 1, stderr);
});

const quick = { signals: [], keepAliveGrace: 50 };

t.test('health: livez stays, readyz turns, nothing else is answered', async (t) => {
  const coordinator = createCoordinator(quick);
  const app = express();
  app.use(graceful({ coordinator, health: true }));
  app.get('/', (_request, response) => void response.send('hello'));
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  t.match(await ask(port, '/livez?x=1'), { status: 200, body: '{"status":"ok"}' });
  t.match(await ask(port, '/readyz'), { status: 200 });
  t.match(await ask(port, '/'), { body: 'hello' });
  t.match(await ask(port, '/nothing'), { status: 404 });
  coordinator.setReady(false);
  t.match(await ask(port, '/readyz'), { status: 503 });
  t.match(await ask(port, '/livez'), { status: 200 });
  t.match((await coordinator.shutdown()).clean, true);
  coordinator.dispose();
});

for (const version of ['express', 'express4']) {
  t.test(`${version}: from the second request on it is no layer any more`, async (t) => {
    const coordinator = createCoordinator(quick);
    const make = createRequire(import.meta.url)(version) as typeof express;
    const app = make() as Application & { readonly _router?: { readonly stack: readonly unknown[] } };
    const note = (name: string) => (_request: Request, response: Response, next: NextFunction) => {
      response.append('seen', name);
      next();
    };
    app.use(note('before'), graceful({ coordinator }), note('after'));
    app.get('/', (_request, response) => void response.send(response.getHeader('seen')));
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const layers = (): number => (app._router ?? app.router).stack.length;
    const all = layers();
    for (let count = 0; count < 3; count += 1) {
      t.match(await ask(port, '/'), { status: 200, body: '["before","after"]' });
      t.equal(layers(), all - 1);
    }
    t.match((await coordinator.shutdown()).clean, true);
    coordinator.dispose();
  });
}

t.test('apps share a coordinator, unless they have options', async (t) => {
  const [one, two, other] = [graceful(), graceful({ health: true }), graceful(quick)];
  t.equal(one.coordinator, two.coordinator);
  t.equal(graceful({ timeout: undefined }).coordinator, one.coordinator);
  t.not(one.coordinator, other.coordinator);
  const listeners = process.listenerCount('SIGTERM');
  await Promise.all([one.coordinator.shutdown(), other.coordinator.shutdown()]);
  t.not(graceful().coordinator, one.coordinator, 'a stopped one is nobody’s any more');
  t.ok(process.listenerCount('SIGTERM') <= listeners);
});

t.test('a server that somebody attaches right after listen() is left to them', async (t) => {
  graceful(quick);
  const coordinator = createCoordinator(quick);
  const server = createServer((_request, response) => response.end());
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
    coordinator.attach(server);
  });
  t.equal(coordinator.stats().servers, 1);
  await coordinator.shutdown();
});

t.test('https: the request in flight is answered', async (t) => {
  const coordinator = createCoordinator(quick);
  const app = express();
  app.use(graceful({ coordinator }));
  const asked = new Promise<void>((resolve) => {
    app.get('/slow', (_request, response) => {
      resolve();
      setTimeout(() => response.send('slow'), 300);
    });
  });
  const server = createSecureServer(certificate, app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const answer = askSecurely(port, '/slow');
  await asked;
  const stopped = coordinator.shutdown();
  t.equal(await askSecurely(port, '/slow'), 'ECONNREFUSED');
  t.equal(await answer, 'slow');
  t.equal((await stopped).clean, true);
  coordinator.dispose();
});

t.test('a server for each request, as test clients open them: none is left behind', async (t) => {
  const app = express();
  const { coordinator } = graceful(quick);
  app.use(graceful({ coordinator }));
  app.get('/', (_request, response) => void response.send('hello'));
  for (let number = 0; number < 5; number += 1) {
    const server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.match(await ask((server.address() as AddressInfo).port, '/'), { body: 'hello' });
    server.close();
    await once(server, 'close');
  }
  const { open } = coordinator.stats();
  t.equal(open, 0);
  t.equal((await coordinator.shutdown()).clean, true);
});

t.test('misuse is told at once', async (t) => {
  const coordinator = createCoordinator(quick);
  const code = 'ERR_GRACEFUL_INVALID_OPTION';
  t.throws(() => graceful({ timeuot: 1 } as object), {
    code,
    message: /^unknown option `timeuot`: did you mean `timeout`/,
  });
  t.throws(() => graceful({ timeout: -1 }), { code });
  t.throws(() => graceful({ coordinator, timeout: 5_000 }), {
    code,
    message: /^expected `timeout` to be left out/,
  });
  t.throws(() => graceful({ server: {} } as object), { code: 'ERR_GRACEFUL_INVALID_ARGUMENT' });
  t.equal(defaultExport, graceful);
  coordinator.dispose();
});
