import t from 'tap';
import { ask, startChild } from '../helpers/child.ts';

t.jobs = 3;

const slow = { status: 200, body: 'slow' };
const clean = { code: 0, signal: null, stderr: '' };
const order = ['request', 'preClose', 'closing', 'answer', 'hook', 'onClose', 'stopped true'];

const steps = (stdout: string): string[] =>
  stdout.split('\n').filter((line) => line !== '' && !line.startsWith('ready') && line !== 'closed');

t.test('SIGTERM: the request is answered, then the hooks run', async (t) => {
  const child = await startChild(t, 'adapters/fastify');
  const answer = ask(child.port, '/slow');
  await child.line('request');
  child.kill('SIGTERM');
  await child.line('closing');
  t.equal(await ask(child.port, '/'), 'ECONNREFUSED');
  t.match(await answer, slow);
  const exit = await child.exited;
  t.match(exit, clean);
  t.same(steps(exit.stdout), order);
});

t.test('close() while a signal’s shutdown goes on joins it', async (t) => {
  for (const closeAt of ['closing', 'draining', 'cleanup']) {
    const child = await startChild(t, 'adapters/fastify', { args: [{ closeAt }] });
    const answer = ask(child.port, '/slow');
    await child.line('request');
    child.kill('SIGTERM');
    t.match(await answer, slow);
    const exit = await child.exited;
    t.match(exit, clean, closeAt);
    t.same(steps(exit.stdout).toSorted(), order.toSorted(), closeAt);
    t.match(exit.stdout, '\nclosed\n');
  }
});

t.test('an instance that begins to listen on localhost meanwhile does not crash', async (t) => {
  for (const listenAt of ['closing', 'draining']) {
    const child = await startChild(t, 'adapters/fastify', { args: [{ listenAt }] });
    const answer = ask(child.port, '/slow');
    await child.line('request');
    child.kill('SIGTERM');
    // Fastify asks for the address of its server after a lookup, when it is closed already.
    await child.line('late listening');
    t.match(await answer, slow);
    t.match(await child.exited, clean, listenAt);
  }
});

t.test('a signal while close() goes on joins it, and the process exits at its end', async (t) => {
  const child = await startChild(t, 'adapters/fastify', { args: [{ closeOn: 'SIGUSR2' }] });
  const answer = ask(child.port, '/slow');
  await child.line('request');
  child.kill('SIGUSR2');
  await child.line('closing');
  t.equal(await ask(child.port, '/'), 'ECONNREFUSED');
  child.kill('SIGTERM');
  t.match(await answer, slow);
  const exit = await child.exited;
  t.match(exit, clean);
  t.same(steps(exit.stdout), order);
});

t.test('a program with its own close() on SIGTERM loses nothing either', async (t) => {
  const child = await startChild(t, 'adapters/fastify', { args: [{ closeOn: 'SIGTERM' }] });
  const answer = ask(child.port, '/slow');
  await child.line('request');
  child.kill('SIGTERM');
  t.match(await answer, slow);
  t.match(await child.exited, clean);
});

t.test('after close() nothing holds the process, and the signal is its own again', async (t) => {
  const child = await startChild(t, 'adapters/fastify', { args: [{ closeOn: 'SIGUSR2' }] });
  t.match(await ask(child.port, '/'), { status: 200 });
  child.kill('SIGUSR2');
  const exit = await child.exited;
  t.match(exit, clean);
  t.same(steps(exit.stdout), ['preClose', 'closing', 'hook', 'onClose', 'stopped true']);
});

t.test('two instances: one signal, each drains, the process waits for both', async (t) => {
  const child = await startChild(t, 'adapters/fastify', { args: [{ second: true }] });
  const second = Number(await child.line('second'));
  const answers = [ask(child.port, '/slow?ms=300'), ask(second, '/slow?ms=1200')];
  await child.line('request');
  await child.line('second request');
  child.kill('SIGTERM');
  t.match(await Promise.all(answers), [slow, slow]);
  const exit = await child.exited;
  t.match(exit, clean);
  t.same(
    steps(exit.stdout).filter((line) => line.endsWith('stopped true')),
    ['stopped true', 'second stopped true'],
  );
});

t.test('a worker that closed its server by itself still hears of the shutdown', async (t) => {
  const child = await startChild(t, 'adapters/fastify-worker');
  child.kill('SIGUSR2');
  await child.line('closed');
  t.match(await ask(child.port, '/'), { status: 200 }, 'the other one goes on');
  child.kill('SIGTERM');
  const exit = await child.exited;
  t.match(exit, clean);
  t.match(exit.stdout, 'stopped true');
});
