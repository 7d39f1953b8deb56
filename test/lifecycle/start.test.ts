import t from 'tap';
import { startChild } from '../helpers/child.ts';

t.test('node:http2, node:tls and node:cluster are loaded only where they are used', async (t) => {
  const child = await startChild(t, 'lifecycle/loaded');
  const { code, signal } = await child.exited;
  t.strictSame([code, signal], [0, null]);
  for (const when of ['imported', 'served', 'stopped']) t.strictSame(child.lines(when), ['[]'], when);
});
