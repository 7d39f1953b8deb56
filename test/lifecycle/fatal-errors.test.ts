import t from 'tap';
import type { CoordinatorOptions } from '@graceful-cluster/core';
import { ask, startChild, type Child, type ChildOptions, type Owner } from '../helpers/child.ts';
import { answered, reportOf, type Held } from './held-request.ts';

const handled = { handleFatalErrors: true };
const cases = [
  ['exception', 'uncaughtException', /^Error: boom 1\n {4}at /],
  ['rejection', 'unhandledRejection', /^Error: boom 1\n {4}at /],
  ['number', 'unhandledRejection', /^41$/],
] as const;

function start(t: Owner, how: string, options: CoordinatorOptions, more?: ChildOptions): Promise<Child> {
  return startChild(t, 'lifecycle/fatal', { ...more, args: [options, how] });
}

async function startHeld(t: Owner, how: string, options: CoordinatorOptions): Promise<Held> {
  const child = await start(t, how, options);
  const answer = ask(child.port, '/');
  await child.line('request');
  return { child, answer };
}

for (const [how, reason, text] of cases) {
  t.test(`an uncaught error (${how}) begins a shutdown that ends with code 1`, async (t) => {
    const { child, answer } = await startHeld(t, how, handled);
    child.kill('SIGHUP');
    await child.line('state draining');
    t.equal(await ask(child.port, '/'), 'ECONNREFUSED');
    child.kill('SIGUSR2');
    t.strictSame(await answer, answered, 'the request in flight is answered');
    const { code, signal, stderr } = await child.exited;
    t.strictSame([code, signal], [1, null]);
    const [error = ''] = stderr.split('\ngraceful-cluster: ');
    t.match(error, text, 'the error is on stderr');
    const report = reportOf(child);
    t.match(report, { reason, clean: false, exitCode: 1, requests: { served: 1, cut: 0 } });
    t.equal(report.errors.length, 1);
    t.match(report.errors[0], text, 'and in the report');
  });
}

t.test('errors during a shutdown are part of it', async (t) => {
  const { child, answer } = await startHeld(t, 'exception', handled);
  child.kill('SIGTERM');
  await child.line('state draining');
  child.kill('SIGHUP');
  await child.line('error 1');
  child.kill('SIGHUP');
  await child.line('error 2');
  child.kill('SIGUSR2');
  t.strictSame(await answer, answered);
  const { code, signal, stderr } = await child.exited;
  t.strictSame([code, signal], [1, null]);
  t.match(stderr, /Error: boom 1\n[^]*Error: boom 2\n/);
  t.match(reportOf(child), { reason: 'SIGTERM', clean: false, errors: [/boom 1/, /boom 2/] });
  t.equal(child.lines('report').length, 1);
});

t.test('an error after a finished shutdown() exits with code 1', async (t) => {
  const child = await start(t, 'exception', handled);
  child.kill('SIGUSR1');
  await child.line('report');
  child.kill('SIGHUP');
  const { code, signal, stderr } = await child.exited;
  t.strictSame([code, signal], [1, null]);
  t.match(stderr, /^Error: boom 1\n/);
});

for (const how of ['exception', 'rejection']) {
  t.test(
    `an error (${how}) in the program's own cleanup, after the report, is what it always is`,
    async (t) => {
      const child = await startChild(t, 'lifecycle/fatal', { args: [{}, how, 'cleanup'] });
      child.kill('SIGTERM');
      t.equal(JSON.parse(await child.line('report')).clean, true);
      child.kill('SIGHUP');
      const { code, signal, stderr } = await child.exited;
      t.strictSame([code, signal], [1, null]);
      t.match(stderr, /fatal\.js:\d+\n[^]*boom 1[^]*Node\.js v/, 'the line is that of the program');
    },
  );
}

t.test('nobody reads stderr: the shutdown goes on all the same', { timeout: 20_000 }, async (t) => {
  const child = await start(t, 'exception', handled, { stderr: 'closed' });
  const answer = ask(child.port, '/');
  await child.line('request');
  child.kill('SIGHUP');
  await child.line('state draining');
  child.kill('SIGUSR2');
  t.strictSame(await answer, answered);
  const { code, signal } = await child.exited;
  t.strictSame([code, signal], [1, null]);
  t.match(reportOf(child).errors[0], /^Error: boom 1\n/);
});

t.test('without handleFatalErrors an uncaught error is what it always is', async (t) => {
  for (const how of ['exception', 'rejection']) {
    const { child, answer } = await startHeld(t, how, {});
    child.kill('SIGHUP');
    const { code, signal, stderr } = await child.exited;
    t.strictSame([code, signal], [1, null]);
    t.match(stderr, /boom 1[^]*Node\.js v/);
    t.strictSame(child.lines('state'), []);
    t.equal(await answer, 'ECONNRESET');
  }
});
