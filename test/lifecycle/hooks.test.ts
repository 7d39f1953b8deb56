import t from 'tap';
import { ask } from '../helpers/child.ts';
import { answered, outcomes, reportOf, startHeld, startServer } from './held-request.ts';

t.test('hooks run after the last connection, last added first', async (t) => {
  const { child, answer } = await startHeld(t, {
    hooks: [
      { name: 'database', does: 'return' },
      { name: 'queue', does: 'wait' },
      { name: 'metrics', does: 'return' },
    ],
  });
  child.kill('SIGTERM');
  await child.line('state draining');
  t.strictSame(child.lines('hook'), [], 'none while a request is in flight');
  child.kill('SIGUSR2');
  t.strictSame(await answer, answered);
  const { code, signal, stdout } = await child.exited;
  t.strictSame([code, signal], [0, null]);
  t.strictSame(child.lines('hook'), ['metrics', 'queue', 'database']);
  t.ok(stdout.indexOf('state cleanup') < stdout.indexOf('hook metrics'));
  t.strictSame(outcomes(reportOf(child).hooks), ['metrics done', 'queue done', 'database done']);
});

t.test('`after` goes before the order in which they were added', async (t) => {
  const child = await startServer(t, {
    hooks: [
      { name: 'database', does: 'return' },
      { name: 'metrics', does: 'return', after: ['database', 'queue'] },
      { name: 'queue', does: 'return', after: ['database'] },
    ],
  });
  child.kill('SIGTERM');
  const { code, signal } = await child.exited;
  t.strictSame([code, signal], [0, null]);
  t.strictSame(child.lines('hook'), ['database', 'queue', 'metrics']);
});

for (const does of ['throw', 'reject'] as const) {
  t.test(`a hook that fails (${does}) does not stop the rest`, async (t) => {
    const child = await startServer(t, {
      hooks: [
        { name: 'last', does: 'return' },
        { name: 'bad', does },
        { name: 'dependent', does: 'return', after: ['bad'] },
      ],
    });
    child.kill('SIGTERM');
    const { code, signal } = await child.exited;
    t.strictSame([code, signal], [1, null]);
    const report = reportOf(child);
    t.equal(report.clean, false);
    t.strictSame(outcomes(report.hooks), ['bad failed', 'dependent done', 'last done']);
    t.match(report.hooks[0]?.error, /^Error: bad failed\n {4}at /, 'the report has its stack');
  });
}

t.test('a hook that hangs is left behind, and the rest run', async (t) => {
  const child = await startServer(t, {
    options: { timeout: 2_000, cleanupTimeout: 900 },
    hooks: [
      { name: 'last', does: 'return' },
      { name: 'stuck', does: 'hang' },
      { name: 'first', does: 'return' },
    ],
  });
  child.kill('SIGTERM');
  const { code, signal } = await child.exited;
  t.strictSame([code, signal], [1, null]);
  t.strictSame(outcomes(reportOf(child).hooks), ['first done', 'stuck timed out', 'last done']);
});

t.test('a hook may have a time of its own', async (t) => {
  const child = await startServer(t, {
    options: { timeout: 60_000, cleanupTimeout: 50_000 },
    hooks: [{ name: 'stuck', does: 'hang', timeout: 100 }],
  });
  child.kill('SIGTERM');
  const { code, signal } = await child.exited;
  t.strictSame([code, signal], [1, null]);
  t.strictSame(outcomes(reportOf(child).hooks), ['stuck timed out']);
});

t.test('beforeShutdown hooks run while traffic is served', async (t) => {
  const child = await startServer(t, {
    hooks: [
      { name: 'late', does: 'return' },
      { name: 'goodbye', does: 'wait', before: true },
      { name: 'deregister', does: 'return', before: true },
    ],
  });
  child.kill('SIGTERM');
  await child.line('hook goodbye');
  t.match(await ask(child.port, '/'), { status: 200, connection: 'close', body: '{"ready":false}' });
  child.kill('SIGUSR2');
  const { code, signal } = await child.exited;
  t.strictSame([code, signal], [0, null]);
  t.strictSame(child.lines('state'), ['delaying', 'closing', 'draining', 'cleanup', 'stopped']);
  t.strictSame(outcomes(reportOf(child).hooks), ['deregister done', 'goodbye done', 'late done']);
});

t.test('a beforeShutdown hook that hangs or fails does not keep the listeners open', async (t) => {
  const { child, answer } = await startHeld(t, {
    options: { timeout: 2_500, cleanupTimeout: 500 },
    hooks: [
      { name: 'stuck', does: 'hang', before: true },
      { name: 'bad', does: 'reject', before: true },
    ],
  });
  child.kill('SIGTERM');
  await child.line('state draining');
  t.equal(await ask(child.port, '/'), 'ECONNREFUSED');
  child.kill('SIGUSR2');
  t.strictSame(await answer, answered, 'there is time left for the request in flight');
  const { code, signal } = await child.exited;
  t.strictSame([code, signal], [1, null]);
  const { hooks, phases } = reportOf(child);
  t.strictSame(outcomes(hooks), ['bad failed', 'stuck timed out']);
  t.ok(phases.delaying >= 900 && phases.delaying < 2_000, 'they may take half of the time until the cut');
});
