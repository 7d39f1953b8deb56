// What no client library lets a test decide: which frame crosses which.
import t from 'tap';
import { connectHttp2 } from '../helpers/http2-client.ts';
import { lastStream, openFrames, types } from '../helpers/http2-frames.ts';
import { clean, options, short, sleep, startServer, stop } from '../helpers/shutdown.ts';
import { localAddress, NO_OUTSIDE } from '../helpers/outside.ts';

t.jobs = 4;
/** Longer than a busy machine takes for what a test does meanwhile. */
const patient = { kind: 'h2c', options: { keepAliveGrace: 3_000 } } as const;
const setup = { kind: 'h2c', options } as const;

t.test(
  'what is on its way at the signal is answered, what crosses the GOAWAY was not processed',
  async (t) => {
    const child = await startServer(t, patient);
    const client = await openFrames(child.port);
    client.get(1, '/late');
    await child.line('request /late');
    const { ended } = await stop(child);
    const ping = await client.frame(types.ping);
    t.equal(client.count(types.goaway), 0, 'no GOAWAY goes ahead of the answer to the PING');
    client.get(3, '/late');
    client.get(5, '/late');
    await child.line('request /late', 3);
    if (ping) client.acknowledge(ping);
    const second = await client.frame(types.ping, 2);
    t.equal(client.count(types.goaway), 0, 'nor while a stream is open');
    if (second) client.acknowledge(second);
    // In the same packet or the next: the client does not know of the GOAWAY yet.
    client.get(7, '/crossing');
    t.equal(lastStream(await client.frame(types.goaway)), 5);
    client.get(9, '/crossing');
    await client.ended;
    client.destroy();
    const answered = client.frames.filter(({ type, payload }) => type === types.data && payload.length > 0);
    t.same(
      answered.map(({ stream, payload }) => `${stream} ${String(payload)}`),
      ['1 late', '3 late', '5 late'],
    );
    t.same(child.lines('request /crossing'), [], 'and the application never saw it');
    t.match(await ended, {
      ...clean,
      answered: 3,
      report: { ...clean.report, connections: { answered: 1 }, requests: { inFlight: 1, served: 3 } },
    });
  },
);

t.test('a client that never answers the PING, nor ends, holds nothing up', async (t) => {
  const child = await startServer(t, setup);
  const [busy, idle] = await Promise.all([openFrames(child.port), openFrames(child.port)]);
  idle.get(1, '/');
  await idle.frame(types.data, 2);
  busy.get(1, '/late');
  await child.line('request /late');
  const { ended } = await stop(child);
  await Promise.all([busy.frame(types.goaway), idle.frame(types.goaway)]);
  const result = await ended;
  for (const client of [busy, idle]) client.destroy();
  t.match(result, { ...clean, report: { ...clean.report, connections: { answered: 1, idle: 1 } } });
});

t.test(
  'an idle session has its grace, one without a stream as long as any silent connection',
  { skip: NO_OUTSIDE ?? false },
  async (t) => {
    const limits = { keepAliveGrace: 1_500, handshakeTimeout: 1_000 };
    const child = await startServer(t, { ...patient, options: limits });
    const [client, silent] = await Promise.all([
      openFrames(child.port),
      openFrames(child.port, localAddress),
    ]);
    await child.line('session', 2);
    const { ended } = await stop(child);
    await sleep(200);
    t.equal(client.count(types.goaway), 0);
    client.get(1, '/late');
    const ping = await client.frame(types.ping);
    if (ping) client.acknowledge(ping);
    t.match(await client.frame(types.data), { stream: 1, payload: Buffer.from('late') });
    await Promise.all([client.ended, silent.ended]);
    t.match(await ended, {
      ...clean,
      report: { ...clean.report, connections: { answered: 1, idle: 1 }, requests: { served: 1 } },
    });
    t.ok((await ended).took > 2_000, `${(await ended).took} ms`);
    client.destroy();
    silent.destroy();
  },
);

t.test('the stream API', async (t) => {
  const child = await startServer(t, { kind: 'h2c-streams', options });
  const answer = connectHttp2(child.port, false).ask('/hold');
  await child.line('request /hold');
  const { ended } = await stop(child);
  child.kill('SIGUSR2');
  t.match(await answer, { status: 200, body: 'held', trailers: { 'x-sum': '42' } });
  t.match(await ended, { code: 0, signal: null, report: { requests: { inFlight: 1, served: 1 } } });
});

t.test('a server without a stream listener is as without us', async (t) => {
  const child = await startServer(t, { kind: 'h2c-silent', options: short });
  const client = await openFrames(child.port);
  client.get(1, '/nobody');
  await sleep(200);
  t.equal(client.count(types.headers) + client.count(types.reset) + client.count(types.goaway), 0);
  const { ended } = await stop(child);
  const result = await ended;
  client.destroy();
  t.match(result, { code: 1, signal: null, report: { connections: { cut: [{ name: /^GET \/nobody/ }] } } });
});
