import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { startChild } from '../helpers/child.ts';

t.test('a coordinator in a worker thread says that it hears no signal', async (t) => {
  const child = await startChild(t, 'lifecycle/thread');
  await sleep(200);
  child.kill('SIGTERM');
  t.match((await child.exited).stderr, /WARN_GRACEFUL_WORKER_THREAD/);
});

t.test('stopped by the main thread, as the page says, it loses nothing', async (t) => {
  const child = await startChild(t, 'lifecycle/thread', { args: ['relay'] });
  const answer = fetch(`http://127.0.0.1:${child.port}/`);
  await sleep(200);
  child.kill('SIGTERM');
  t.equal((await answer).status, 200);
  const { code, signal, stderr } = await child.exited;
  t.strictSame([code, signal], [0, null]);
  t.notMatch(stderr, /WARN_GRACEFUL_WORKER_THREAD/);
});
