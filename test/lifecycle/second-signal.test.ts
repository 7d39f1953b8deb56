import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { startChild } from '../helpers/child.ts';

t.test('a second signal calls an exit function at once, with 128 + its number', async (t) => {
  const child = await startChild(t, 'lifecycle/hanging');
  get({ port: child.port, host: '127.0.0.1', path: '/hangs' }).on('error', () => {});
  await sleep(300);
  child.kill('SIGTERM');
  await sleep(500);
  child.kill('SIGTERM');
  const { code, signal, stderr } = await child.exited;
  t.strictSame([code, signal], [143, null]);
  t.strictSame(child.lines('exit'), ['143 false 1'], 'once, with what was cut');
  t.match(stderr, /the beforeShutdown hook 'balancer' asks for 8000 ms and gets at most 3500 ms/);
});
