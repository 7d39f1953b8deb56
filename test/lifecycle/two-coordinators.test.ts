import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { ask, startChild } from '../helpers/child.ts';
import { answered } from './held-request.ts';

t.test('one signal, two coordinators: the first to finish waits for the other', async (t) => {
  const child = await startChild(t, 'lifecycle/two', { args: [{}, {}] });
  const answer = ask(child.port, '/');
  await child.line('request');
  child.kill('SIGTERM');
  t.equal(await child.line('stopped'), 'first 0');
  await sleep(400);
  child.kill('SIGUSR2');
  t.strictSame(await answer, answered);
  const { code, signal } = await child.exited;
  t.strictSame([code, signal], [0, null]);
  t.strictSame(child.lines('stopped'), ['first 0', 'ready 0']);
});

t.test('the process exits with the worst of their codes', async (t) => {
  const child = await startChild(t, 'lifecycle/two', { args: [{}, {}, 'fail'] });
  const answer = ask(child.port, '/');
  await child.line('request');
  child.kill('SIGTERM');
  t.equal(await child.line('stopped'), 'first 1');
  child.kill('SIGUSR2');
  t.strictSame(await answer, answered);
  const { code, signal } = await child.exited;
  t.strictSame([code, signal], [1, null]);
});

t.test('nor does it cut the other short where that one does not exit by itself', async (t) => {
  const child = await startChild(t, 'lifecycle/two', { args: [{}, { exit: false }] });
  const answer = ask(child.port, '/');
  await child.line('request');
  child.kill('SIGTERM');
  t.equal(await child.line('stopped'), 'first 0');
  await sleep(400);
  child.kill('SIGUSR2');
  t.strictSame(await answer, answered);
});

t.test('nor a shutdown() that is under way', async (t) => {
  const child = await startChild(t, 'lifecycle/two', { args: [{}, { signals: [] }] });
  const answer = ask(child.port, '/');
  await child.line('request');
  child.kill('SIGHUP');
  await sleep(100);
  child.kill('SIGTERM');
  t.equal(await child.line('stopped'), 'first 0');
  await sleep(400);
  child.kill('SIGUSR2');
  t.strictSame(await answer, answered);
  const { code, signal } = await child.exited;
  t.strictSame([code, signal], [0, null]);
});
