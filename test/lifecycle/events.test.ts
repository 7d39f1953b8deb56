import t from 'tap';
import type { CoordinatorEvents } from '@graceful-cluster/core';
import { ask, startChild, type Child } from '../helpers/child.ts';
import { answered, reportOf } from './held-request.ts';

interface Told<Event extends keyof CoordinatorEvents> {
  readonly aborted: boolean;
  readonly details: CoordinatorEvents[Event];
}

function told<Event extends keyof CoordinatorEvents>(child: Child, event: Event): readonly Told<Event>[] {
  return child.lines(`event ${event}`).map((line) => JSON.parse(line) as Told<Event>);
}

const steps = ['delaying', 'closing', 'draining', 'cleanup', 'stopped'];

t.test('a shutdown tells each step, on channels too', async (t) => {
  const child = await startChild(t, 'lifecycle/events');
  const answer = ask(child.port, '/');
  await child.line('request');
  child.kill('SIGTERM');
  await child.line('event state', 3);
  child.kill('SIGUSR2');
  t.strictSame(await answer, answered);
  const { code, signal, stdout } = await child.exited;
  t.strictSame([code, signal], [0, null]);
  t.strictSame(
    told(child, 'state').map(({ details: { state, previous }, aborted }) => [previous, state, aborted]),
    steps.map((state, index) => [steps[index - 1] ?? 'running', state, index > 1]),
    'the signal is aborted between closing and draining',
  );
  t.strictSame(child.lines('abort'), ['closing'], 'once');
  t.strictSame(told(child, 'closing'), [{ aborted: true, details: { reason: 'SIGTERM' } }]);
  t.equal(told(child, 'stopped').length, 1);
  t.strictSame(told(child, 'stopped')[0]?.details, reportOf(child), 'the report is plain data');
  t.strictSame(child.lines('channel').toSorted(), ['closing', ...steps.map(() => 'state'), 'stopped']);
  t.ok(stdout.indexOf('event closing') < stdout.indexOf('"state":"draining"'));
});

t.test('progress names what is waited for, once a second', async (t) => {
  const child = await startChild(t, 'lifecycle/events', { args: [{ timeout: 60_000 }] });
  const answers = ['/export?all', '/second'].map(async (path) => ask(child.port, path));
  await child.line('request', 2);
  child.kill('SIGTERM');
  await child.line('event progress', 3);
  child.kill('SIGUSR2');
  t.strictSame(await Promise.all(answers), [answered, answered]);
  const { code, signal } = await child.exited;
  t.strictSame([code, signal], [0, null]);
  const progress = told(child, 'progress').map(({ details }) => details);
  for (const [index, each] of progress.slice(0, 3).entries()) {
    t.match(each, { state: 'draining', open: 2, inFlight: 2, idle: 0 });
    const least = index + 1;
    t.ok(each.left <= 59_500 - least * 990 && each.left > 30_000, 'the time left until the cut');
    const [first = '', second = ''] = each.waiting;
    t.match([first, second].toSorted(), [/^GET \/export, \d+\.\d s$/, /^GET \/second, \d+\.\d s$/]);
    t.ok(Number(/, ([\d.]+) s$/.exec(first)?.[1]) >= least, 'and how long it has taken by now');
  }
  t.ok(progress.length <= reportOf(child).duration / 990, 'at most one a second');
});

t.test('a logger gets lines', async (t) => {
  const child = await startChild(t, 'lifecycle/events', { args: [{ timeout: 60_000 }] });
  const answer = ask(child.port, '/export');
  await child.line('request');
  child.kill('SIGINT');
  await child.line('event progress');
  child.kill('SIGUSR2');
  t.strictSame(await answer, answered);
  const { code, signal } = await child.exited;
  t.strictSame([code, signal], [0, null]);
  const lines = child.lines('log').filter((line) => !line.includes('s left'));
  const states = steps.map((state) => `debug state,previous | shutdown: ${state}`);
  t.match(lines, [
    ...states.slice(0, 2),
    'info reason | shutdown: listeners close (SIGINT)',
    ...states.slice(2),
    /^info report \| shutdown: clean after [\d.]+ m?s$/,
  ]);
  const progress = child.lines('log').find((line) => line.includes('s left'));
  t.match(progress, /\| shutdown: 1 in flight, 0 idle, 5\d(\.\d)? s left: GET \/export, \d+\.\d s$/);

  const cut = await startChild(t, 'lifecycle/events', { args: [{ timeout: 600, cleanupTimeout: 100 }] });
  const hanging = ask(cut.port, '/');
  await cut.line('request');
  cut.kill('SIGTERM');
  t.equal(await hanging, 'ECONNRESET');
  const exit = await cut.exited;
  t.strictSame([exit.code, exit.signal], [1, null]);
  t.match(
    cut.lines('log').at(-1),
    /^error report \| shutdown: not clean after \d+ ms: cut at the deadline: GET \/, \d\.\d s$/,
  );
});

for (const modes of [['throw-state', 'throw-closing'], ['broken-logger']]) {
  t.test(`listeners that throw do not stop a shutdown (${modes.join(', ')})`, async (t) => {
    const child = await startChild(t, 'lifecycle/events', { args: [{}, ...modes] });
    const answer = ask(child.port, '/');
    await child.line('request');
    child.kill('SIGTERM');
    await child.line('event state', 3);
    child.kill('SIGUSR2');
    t.strictSame(await answer, answered);
    const { code, signal, stderr } = await child.exited;
    t.strictSame([code, signal, stderr], [1, null, '']);
    t.strictSame(
      told(child, 'state').map(({ details }) => details.state),
      steps,
      'other listeners are told',
    );
    const report = reportOf(child);
    t.match(report, { clean: false, exitCode: 1, requests: { served: 1, cut: 0 } });
    const expected = modes.length > 1 ? /^Error: listener: (state|closing)\n/ : /^Error: logger: \w+\n/;
    t.ok(report.errors.length >= steps.length);
    t.ok(
      report.errors.every((error) => expected.test(error)),
      'the report tells',
    );
  });
}

t.test('a listener of the report itself that throws leaves it in one piece', async (t) => {
  const child = await startChild(t, 'lifecycle/events', { args: [{}, 'throw-stopped'] });
  child.kill('SIGTERM');
  const { code, signal } = await child.exited;
  const { clean, exitCode, errors } = reportOf(child);
  t.strictSame([code, signal], [exitCode, null]);
  t.equal(clean, errors.length === 0);
});

t.test('a logger that throws does not turn an uncaught error into a crash', async (t) => {
  const options = { handleFatalErrors: true };
  const child = await startChild(t, 'lifecycle/events', { args: [options, 'broken-logger'] });
  const answer = ask(child.port, '/');
  await child.line('request');
  child.kill('SIGHUP');
  await child.line('event state', 3);
  child.kill('SIGUSR2');
  t.strictSame(await answer, answered, 'the request in flight is answered');
  const { code, signal } = await child.exited;
  t.strictSame([code, signal], [1, null]);
});

t.test('with a logger, an uncaught error is a line of it', async (t) => {
  const child = await startChild(t, 'lifecycle/events', { args: [{ handleFatalErrors: true }] });
  child.kill('SIGHUP');
  const { code, signal, stderr } = await child.exited;
  t.strictSame([code, signal, stderr], [1, null, '']);
  t.equal(child.lines('log')[0], 'error error | shutdown: uncaughtException');
});
