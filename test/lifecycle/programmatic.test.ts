import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createContext, runInContext } from 'node:vm';
import t from 'tap';
import { createCoordinator, type ShutdownReport } from '@graceful-cluster/core';
import { ask, startChild, type Child, type Owner } from '../helpers/child.ts';
import { answered } from './held-request.ts';
import { create, createHolding, listen, open, request, until } from './in-process.ts';

/** A program that has finished a shutdown of its own. */
async function startFinished(t: Owner, ...args: string[]): Promise<Child> {
  const child = await startChild(t, 'lifecycle/program', { args });
  child.kill('SIGHUP');
  await child.line('resolved');
  return child;
}

t.test('shutdown() never exits, and resolves with the report', async (t) => {
  const child = await startChild(t, 'lifecycle/program');
  const answer = ask(child.port, '/hold');
  await child.line('request');
  child.kill('SIGHUP');
  await child.line('state draining');
  t.equal(await ask(child.port, '/'), 'ECONNREFUSED');
  child.kill('SIGUSR2');
  t.strictSame(await answer, answered);
  const report = JSON.parse(await child.line('resolved')) as ShutdownReport;
  t.match(report, { reason: 'by hand', clean: true, exitCode: 0, requests: { inFlight: 1, served: 1 } });
  t.strictSame(child.lines('same'), ['true'], 'a second call joins the first');
  await sleep(500);
  t.strictSame(child.lines('exit'), [], 'the process goes on');
  t.equal(child.lines('state').length, 4, 'there was one shutdown');
});

t.test('a signal joins a shutdown() that has begun, and then the process exits', async (t) => {
  const child = await startChild(t, 'lifecycle/program');
  const answer = ask(child.port, '/hold');
  await child.line('request');
  child.kill('SIGHUP');
  await child.line('state draining');
  child.kill('SIGTERM');
  await sleep(100);
  t.strictSame(child.lines('exit'), [], 'the first signal does not force');
  child.kill('SIGUSR2');
  t.strictSame(await answer, answered);
  const { code, signal } = await child.exited;
  t.strictSame([code, signal], [0, null]);
  t.strictSame(child.lines('state'), ['closing', 'draining', 'cleanup', 'stopped']);
  t.match(JSON.parse(child.lines('resolved')[0] ?? ''), { reason: 'by hand', clean: true });
});

t.test('a second signal forces a shutdown() that the first one joined', async (t) => {
  const child = await startChild(t, 'lifecycle/program');
  const answer = ask(child.port, '/hold');
  await child.line('request');
  child.kill('SIGHUP');
  await child.line('state draining');
  child.kill('SIGINT');
  await sleep(100);
  child.kill('SIGTERM');
  const { code, signal } = await child.exited;
  t.strictSame([code, signal], [143, null]);
  t.equal(await answer, 'ECONNRESET');
});

t.test('a signal after a finished shutdown() exits at once', async (t) => {
  const clean = await startFinished(t);
  const signalled = performance.now();
  clean.kill('SIGTERM');
  const { code, signal } = await clean.exited;
  t.strictSame([code, signal], [0, null]);
  t.ok(performance.now() - signalled < 2_000);
  t.equal(clean.lines('state').length, 4, 'nothing runs twice');

  const failed = await startFinished(t, 'fail');
  failed.kill('SIGTERM');
  const exit = await failed.exited;
  t.strictSame([exit.code, exit.signal], [1, null], 'with the code of its report');
});

t.test('a program that closes its server by itself while it drains', async (t) => {
  const { server, release } = createHolding();
  const port = await listen(t, server);
  const coordinator = create(t);
  coordinator.attach(server);
  const client = await open(t, port, request('/hold'));
  await until(() => coordinator.stats().inFlight === 1);
  const done = coordinator.shutdown('by hand');
  await sleep(50);
  const called: unknown[] = [];
  server.close((error) => called.push(error));
  (server as Server).closeAllConnections();
  await sleep(50);
  t.strictSame([server.listening, called], [false, []]);
  release();
  await client.ended;
  t.match(client.received(), /^HTTP\/1.1 200 OK\r\n/);
  t.match(await done, { clean: true, interferences: [{ what: 'server.close()', outcome: 'deferred' }, {}] });
  await until(() => called.length > 0);
  t.strictSame(called, [undefined]);
});

t.test('a listener may ask for the shutdown that it hears of', async (t) => {
  const coordinator = createCoordinator({ signals: [] });
  t.teardown(coordinator.dispose);
  const heard: unknown[] = [];
  coordinator.on('state', () => heard.push(coordinator.shutdown('heard')));
  const done = coordinator.shutdown('first');
  t.match(await done, { reason: 'first', clean: true });
  t.equal(coordinator.shutdown(), done);
  t.equal(heard.length, 4);
  t.ok(heard.every((promise) => promise === done));
});

t.test('work of another realm is tracked, such as that of node:fs under Jest', async (t) => {
  const coordinator = create(t);
  const context = createContext({});
  const work = runInContext('new Promise((resolve) => { finish = resolve; })', context) as Promise<string>;
  t.notOk(work instanceof Promise);
  const tracked = coordinator.track(work, 'a job');
  const stop = coordinator.shutdown();
  await until(() => coordinator.state === 'draining');
  await sleep(100);
  t.equal(coordinator.state, 'draining', 'it is waited for');
  runInContext('finish("done")', context);
  t.equal(await tracked, 'done');
  t.match(await stop, { clean: true });
});
