import { connect } from 'node:http2';
import { once } from 'node:events';
import t from 'tap';
import { startChild } from '../helpers/child.ts';

t.test('--import: a session that began in the turn of `listen` is drained', async (t) => {
  const register = import.meta.resolve('@graceful-cluster/core/register');
  const child = await startChild(t, 'connections/first-session', { nodeOptions: ['--import', register] });
  const session = connect(`http://127.0.0.1:${child.port}`);
  t.teardown(() => session.destroy());
  await once(session, 'connect');
  const stream = session.request();
  const text = stream.setEncoding('utf8').toArray();
  await child.line('request');
  child.kill('SIGTERM');
  setTimeout(() => child.kill('SIGUSR2'), 300);
  t.same((await text).join(''), 'done');
  t.match(await child.exited, { code: 0, signal: null, stderr: '' });
});
