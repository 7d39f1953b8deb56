import { connect } from 'node:http2';
import { once } from 'node:events';
import t from 'tap';
import { startChild } from '../helpers/child.ts';

t.test("HTTP/2: the program's own signal listener waits for the requests in flight", async (t) => {
  const child = await startChild(t, 'connections/http2-database');
  const session = connect(`http://127.0.0.1:${child.port}`);
  t.teardown(() => session.destroy());
  const answers = Array.from({ length: 4 }, async () => {
    const stream = session.request();
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
    return [headers[':status'], (await stream.setEncoding('utf8').toArray()).join('')];
  });
  await child.line('request', 4);
  child.kill('SIGTERM');
  for (const answer of await Promise.all(answers)) t.strictSame(answer, [200, 'ok']);
  t.match(await child.exited, { code: 0, signal: null, stderr: '' });
  t.equal(child.lines('closed').length, 1);
});
