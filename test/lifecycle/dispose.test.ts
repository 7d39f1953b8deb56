import t from 'tap';
import { ask, startChild } from '../helpers/child.ts';
import { answered } from './held-request.ts';

t.test('importing the package adds nothing, and a coordinator does not hold the process', async (t) => {
  for (const args of [[], ['create']]) {
    const child = await startChild(t, 'lifecycle/import', { args });
    const { code, signal, stderr } = await child.exited;
    t.strictSame([code, signal, stderr], [0, null, '']);
    t.strictSame(JSON.parse(await child.line('after')), JSON.parse(await child.line('before')));
  }
});

const signals = ['SIGHUP', 'SIGINT', 'SIGTERM'];

for (const how of ['', 'shutdown', 'async']) {
  t.test(`dispose leaves no listener behind (${how || 'while running'})`, async (t) => {
    const child = await startChild(t, 'lifecycle/dispose', {
      args: [{ handleFatalErrors: true, signals }, how],
    });
    await child.line('done');
    const before = JSON.parse(await child.line('before')) as { process: [string, number][] };
    const during = JSON.parse(await child.line('during')) as { process: [string, number][] };
    const own = new Set(before.process.map(([name]) => name));
    t.strictSame(
      during.process.filter(([name]) => !own.has(name)),
      [...signals, 'uncaughtException', 'unhandledRejection'].map((name) => [name, 1]),
    );
    t.strictSame(JSON.parse(await child.line('after')), before);
    t.strictSame(child.lines('state'), how ? ['closing', 'draining', 'cleanup', 'stopped'] : []);
    child.kill('SIGTERM');
    const { code, signal } = await child.exited;
    t.strictSame([code, signal], [null, 'SIGTERM'], 'signals do again what they always do');
  });
}

t.test('await using drains at the end of the block', async (t) => {
  const child = await startChild(t, 'lifecycle/using');
  t.strictSame(await ask(child.port, '/'), answered);
  const { code, signal } = await child.exited;
  t.strictSame([code, signal], [0, null]);
  t.strictSame(child.lines('stopped'), ['dispose true']);
  t.strictSame(child.lines('hook'), ['pool']);
  t.strictSame(child.lines('after'), ['0'], 'the program goes on, without its listeners');
});
