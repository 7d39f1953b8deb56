import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { createCoordinator } from '@graceful-cluster/core';
import { create, listen, open } from './in-process.ts';
import { ask } from '../helpers/child.ts';
import { outcomes, reportOf, startServer } from './held-request.ts';

/** A server whose requests are never answered, and one of those. */
async function hang(t: Parameters<typeof create>[0], coordinator = create(t)) {
  const server = createServer();
  coordinator.attach(server);
  const client = await open(t, await listen(t, server), 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  while (coordinator.stats().inFlight === 0) await sleep(5);
  return { coordinator, client };
}

t.test('shutdown(reason, { timeout }) cuts what is in flight when that is over', async (t) => {
  const { coordinator, client } = await hang(t);
  const report = await coordinator.shutdown('in a hurry', { timeout: 300 });
  t.match(report, { reason: 'in a hurry', clean: false, requests: { inFlight: 1, cut: 1 } });
  t.ok(report.duration < 4_000, `${report.duration} ms, not the 8 s of the option`);
  t.match(await client.ended, /ECONNRESET|end/);
});

t.test('a second call ends the first one earlier, and never later', async (t) => {
  const { coordinator, client } = await hang(t);
  const first = coordinator.shutdown('patient');
  const longer = coordinator.shutdown('more patient', { timeout: 60_000 });
  await sleep(100);
  t.equal(coordinator.stats().inFlight, 1, 'it waits');
  const second = coordinator.shutdown('in a hurry', { timeout: 0 });
  const report = await second;
  t.equal(await first, report);
  t.equal(await longer, report);
  t.match(report, { reason: 'patient', requests: { inFlight: 1, cut: 1 } });
  t.ok(report.duration < 4_000, `${report.duration} ms`);
  t.match(await client.ended, /ECONNRESET|end/);
});

t.test('hooks that come before the close, and the delay, end with it', async (t) => {
  const coordinator = createCoordinator({ signals: [], timeout: 20_000, shutdownDelay: 15_000 });
  t.teardown(() => coordinator.dispose());
  await hang(t, coordinator);
  coordinator.beforeShutdown('slow', () => sleep(15_000, undefined, { ref: false }));
  coordinator.onShutdown('pool', () => {});
  const first = coordinator.shutdown('patient');
  void coordinator.shutdown('in a hurry', { timeout: 400 });
  const report = await first;
  t.strictSame(outcomes(report.hooks), ['slow timed out', 'pool done']);
  t.match(report.requests, { inFlight: 1, cut: 1 });
  t.ok(report.duration < 8_000, `${report.duration} ms`);
});

t.test('wrong options throw at once', (t) => {
  const coordinator = create(t);
  const code = 'ERR_GRACEFUL_INVALID_ARGUMENT';
  for (const timeout of [-1, NaN, Infinity, '5']) {
    t.throws(() => coordinator.shutdown('x', { timeout: timeout as number }), { code, message: /`timeout`/ });
  }
  t.throws(() => coordinator.shutdown('x', { timout: 5 } as object), {
    code,
    message: /did you mean `timeout`/,
  });
  t.throws(() => coordinator.shutdown('x', 5 as unknown as object), { code, message: /an object/ });
  t.equal(coordinator.state, 'running');
  t.end();
});

t.test('without hooks, time for cleanup is not kept back from the drain', async (t) => {
  const options = { timeout: 4_000, cleanupTimeout: 3_000 };
  const child = await startServer(t, { options });
  const answer = ask(child.port, '/hold');
  await child.line('request /hold');
  child.kill('SIGTERM');
  await sleep(2_000);
  child.kill('SIGUSR2');
  t.match(await answer, { status: 200, body: 'held' });
  t.same(await child.exited.then(({ code, signal }) => [code, signal]), [0, null]);
  t.match(reportOf(child), { clean: true, requests: { inFlight: 1, served: 1, cut: 0 } });
});

t.test('a program with a signal listener of its own keeps that time for what it does', async (t) => {
  const own = await startServer(t, { options: { timeout: 4_000, cleanupTimeout: 3_000 }, listens: true });
  const answer = ask(own.port, '/hang');
  await own.line('request /hang');
  own.kill('SIGTERM');
  t.equal(await answer, 'ECONNRESET');
  await own.line('cleaned');
  t.same(await own.exited.then(({ code, signal }) => [code, signal]), [1, null]);
  t.ok(
    reportOf(own).phases.closing + reportOf(own).phases.draining < 2_500,
    'cut with the cleanup time left',
  );
});
