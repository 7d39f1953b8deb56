import t from 'tap';
import { startChild } from '../helpers/child.ts';

t.test('an exit that nothing could defer is told, and is no success', async (t) => {
  const child = await startChild(t, 'lifecycle/kept-exit');
  child.kill('SIGTERM');
  const { code, signal, stderr } = await child.exited;
  t.strictSame([code, signal], [1, null]);
  t.match(stderr, /^graceful-cluster: an exit with code 0 cut the shutdown short: .+\n$/);
  t.strictSame(child.lines('hook'), ['begins']);
});

t.test('with --import it is deferred', async (t) => {
  const nodeOptions = ['--import', import.meta.resolve('@graceful-cluster/core/register')];
  const child = await startChild(t, 'lifecycle/kept-exit', { nodeOptions });
  child.kill('SIGTERM');
  const { code, signal, stderr } = await child.exited;
  t.strictSame([code, signal, stderr], [0, null, '']);
  t.strictSame(child.lines('hook'), ['begins', 'ended']);
});
