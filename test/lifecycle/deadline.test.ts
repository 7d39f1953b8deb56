import t from 'tap';
import { Agent } from 'node:http';
import { ask } from '../helpers/child.ts';
import { outcomes, reportOf, startServer } from './held-request.ts';

t.test('a request that never ends is cut at the deadline, and named', async (t) => {
  const child = await startServer(t, {
    options: { timeout: 1_500, cleanupTimeout: 300 },
    hooks: [{ name: 'pool', does: 'return' }],
  });
  const answers = [ask(child.port, '/hang?first=1'), ask(child.port, '/hang?second=1')];
  await child.line('request', 2);
  const signalled = performance.now();
  child.kill('SIGTERM');
  const { code, signal } = await child.exited;
  const elapsed = performance.now() - signalled;
  t.strictSame([code, signal], [1, null]);
  t.ok(elapsed < 4_500, `nothing outlives timeout (${elapsed.toFixed(0)} of 1500 ms)`);
  t.strictSame(await Promise.all(answers), ['ECONNRESET', 'ECONNRESET']);

  const report = reportOf(child);
  t.match(report, { clean: false, exitCode: 1, requests: { inFlight: 2, served: 0, cut: 2 } });
  t.ok(report.phases.closing + report.phases.draining >= 1_150, 'it had its time');
  const { cut } = report.connections;
  t.strictSame(new Set(cut.map(({ kind, lost }) => `${kind} ${lost}`)), new Set(['request true']));
  t.match(cut.map(({ name }) => name).toSorted(), [/^GET \/hang, \d+\.\d s$/, /^GET \/hang, \d+\.\d s$/]);
  t.strictSame(outcomes(report.hooks), ['pool done'], 'hooks have their time after it');
});

t.test('one hanging request does not take the answer from another', async (t) => {
  const child = await startServer(t, { options: { timeout: 1_500, cleanupTimeout: 300 } });
  const hanging = ask(child.port, '/hang');
  const held = ask(child.port, '/hold');
  await child.line('request', 2);
  child.kill('SIGTERM');
  await child.line('state draining');
  child.kill('SIGUSR2');
  t.match(await held, { status: 200, body: 'held' });
  t.equal(await hanging, 'ECONNRESET');
  const { code, signal } = await child.exited;
  t.strictSame([code, signal], [1, null]);
  t.match(reportOf(child).requests, { inFlight: 2, served: 1, cut: 1 });
});

t.test('an idle connection that is still open at the deadline has lost nothing', async (t) => {
  const child = await startServer(t, {
    options: { timeout: 1_000, cleanupTimeout: 300, keepAliveGrace: 5_000 },
  });
  const agent = new Agent({ keepAlive: true });
  t.teardown(() => agent.destroy());
  t.match(await ask(child.port, '/', agent), { status: 200, connection: 'keep-alive' });
  child.kill('SIGTERM');
  const { code, signal } = await child.exited;
  t.strictSame([code, signal], [0, null]);
  t.match(reportOf(child), { clean: true, connections: { open: 1, cut: [{ kind: 'idle', lost: false }] } });
});

t.test('hooks together do not outlive timeout', async (t) => {
  const child = await startServer(t, {
    options: { timeout: 1_200, cleanupTimeout: 600 },
    hooks: [
      { name: 'before', does: 'hang', before: true },
      { name: 'first', does: 'hang' },
      { name: 'second', does: 'hang' },
    ],
  });
  const hanging = ask(child.port, '/hang');
  await child.line('request');
  const signalled = performance.now();
  child.kill('SIGTERM');
  const { code, signal } = await child.exited;
  const elapsed = performance.now() - signalled;
  t.strictSame([code, signal], [1, null]);
  t.ok(elapsed < 4_200, `everything hangs, and it is over (${elapsed.toFixed(0)} of 1200 ms)`);
  t.equal(await hanging, 'ECONNRESET');
  t.strictSame(outcomes(reportOf(child).hooks), ['before timed out', 'second timed out', 'first timed out']);
  t.ok(reportOf(child).duration >= 1_100, 'each had its share');
});

t.test('cleanupTimeout is kept for the hooks, however much of timeout it is', async (t) => {
  const child = await startServer(t, {
    options: { timeout: 6_000, cleanupTimeout: 5_000 },
    hooks: [{ name: 'pool', does: 'return' }],
  });
  const hanging = ask(child.port, '/hang');
  await child.line('request');
  child.kill('SIGTERM');
  t.equal(await hanging, 'ECONNRESET');
  const { code, signal } = await child.exited;
  t.strictSame([code, signal], [1, null]);
  const { closing, draining } = reportOf(child).phases;
  const taken = closing + draining;
  t.ok(taken >= 990 && taken < 2_500, `cut after ${taken.toFixed(0)} of 1000 ms`);
});
