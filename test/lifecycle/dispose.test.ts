import t from 'tap';
import { ask, startChild } from '../helpers/child.ts';
import { answered } from './held-request.ts';

t.test('importing the package adds nothing, and a coordinator does not hold the process', async (t) => {
  for (const args of [[], ['create']]) {
    const child = await startChild(t, 'lifecycle-import', { args });
    const { code, signal, stderr } = await child.exited;
    t.strictSame([code, signal, stderr], [0, null, '']);
    t.strictSame(JSON.parse(await child.line('after')), JSON.parse(await child.line('before')));
  }
});

const everything = { handleFatalErrors: true, signals: ['SIGTERM', 'SIGINT', 'SIGHUP'] };

for (const how of ['', 'shutdown', 'async']) {
  t.test(`dispose leaves no listener behind (${how || 'while running'})`, async (t) => {
    const child = await startChild(t, 'lifecycle-dispose', { args: [everything, how] });
    await child.line('done');
    const before = JSON.parse(await child.line('before')) as { process: unknown };
    const during = JSON.parse(await child.line('during')) as { process: unknown };
    t.strictNotSame(during, before, 'there was something to take off');
    t.strictSame(during.process, [
      ...[['SIGHUP', 1], ['SIGINT', 1], ['SIGTERM', 1]],
      ...[['uncaughtException', 1], ['unhandledRejection', 1]],
    ]);
    t.strictSame(JSON.parse(await child.line('after')), before);
    t.strictSame(child.lines('state'), how ? ['closing', 'draining', 'cleanup', 'stopped'] : []);
    child.kill('SIGTERM');
    const { code, signal } = await child.exited;
    t.strictSame([code, signal], [null, 'SIGTERM'], 'signals do again what they always do');
  });
}

t.test('await using drains at the end of the block', async (t) => {
  const child = await startChild(t, 'lifecycle-using');
  t.strictSame(await ask(child.port, '/'), answered);
  const { code, signal } = await child.exited;
  t.strictSame([code, signal], [0, null]);
  t.strictSame(child.lines('stopped'), ['dispose true']);
  t.strictSame(child.lines('hook'), ['pool']);
  t.strictSame(child.lines('after'), ['0'], 'the program goes on, without its listeners');
});
