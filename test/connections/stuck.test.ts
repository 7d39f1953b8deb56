// Connections that refuse to end do not outlive `timeout`.
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'node:http';
import t from 'tap';
import { openTcp, openTls } from '../helpers/https-client.ts';
import { clean, late, options, short, sleep, startServer, stop } from '../helpers/shutdown.ts';

t.jobs = 4;
const head = 'GET /flood HTTP/1.1\r\nHost: a\r\n\r\n';

for (const kind of ['http', 'https'] as const) {
  const open = kind === 'https' ? openTls : openTcp;

  t.test(`${kind}: a client that never reads`, async (t) => {
    const child = await startServer(t, { kind, options: short });
    const socket = await open(child.port);
    socket.pause();
    socket.write(head);
    await child.line('request /flood');
    const { ended } = await stop(child);
    const result = await ended;
    socket.destroy();
    t.match(result, {
      code: 1,
      signal: null,
      stderr: /: cut at the deadline: GET \/flood, \d\.\d s\n/,
      report: { connections: { cut: [{ kind: 'request', name: /^GET \/flood, / }] }, requests: { cut: 1 } },
    });
    t.ok(result.took < late, `${result.took} ms`);
  });

  t.test(`${kind}: a client that never sends FIN`, async (t) => {
    const child = await startServer(t, { kind, options });
    const socket = await open(child.port);
    // Not read, so that its FIN is never answered.
    socket.pause();
    socket.write(head.replace('flood', 'late'));
    await child.line('request /late');
    const { ended } = await stop(child);
    const result = await ended;
    socket.destroy();
    t.match(result, { ...clean, report: { ...clean.report, requests: { inFlight: 1, served: 1 } } });
  });

  t.test(`${kind}: a head that never ends`, async (t) => {
    const child = await startServer(t, { kind, options: short });
    const socket = await open(child.port);
    socket.write('GET / HTTP/1.1\r\nHost: ');
    const drip = setInterval(() => socket.write('a'), 100);
    await sleep(150);
    const { ended } = await stop(child);
    const result = await ended;
    clearInterval(drip);
    socket.destroy();
    t.match(result, {
      code: 0,
      signal: null,
      stderr: '',
      report: { clean: true, connections: { cut: [{ kind: 'head', lost: false }] }, requests: { cut: 0 } },
    });
    t.ok(result.took < late, `${result.took} ms`);
  });
}

t.test('a Unix socket', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'graceful-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const socketPath = join(folder, 'server.sock');
  const child = await startServer(t, { kind: 'http', options, path: socketPath });
  const answer = new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: '/hold' }, (response) => {
      response.resume().on('end', () => resolve([response.statusCode, response.headers.connection]));
    });
    asked.on('error', reject).end();
  });
  await child.line('request /hold');
  const { ended } = await stop(child);
  const late = new Promise((resolve) => {
    connect(socketPath).on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
  t.match(await late, /^(ENOENT|ECONNREFUSED)$/);
  child.kill('SIGUSR2');
  t.same(await answer, [200, 'close']);
  t.match(await ended, { ...clean, report: { ...clean.report, requests: { inFlight: 1, served: 1 } } });
});
