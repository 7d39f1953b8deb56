import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { ask } from '../helpers/child.ts';
import { create, createHolding, listen, open, request, until } from './in-process.ts';

t.test('connections from before it was attached are drained right', async (t) => {
  const { server, held, release } = createHolding();
  const port = await listen(t, server);
  const silent = await open(t, port);
  const idle = await open(t, port, request('/'));
  await once(idle.socket, 'data');
  const busy = await open(t, port, request('/hold'));
  await once(server, 'request');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const half = await open(t, port, 'GET /half HTTP/1.1\r\nHost: te');
  const [socket] = await accepted;
  await until(() => socket.bytesRead > 0);

  const coordinator = create(t);
  coordinator.attach(server);
  t.match(coordinator.stats(), { open: 4, inFlight: 1, idle: 3 });
  const done = coordinator.shutdown();
  t.strictSame(await Promise.all([silent.ended, idle.ended]), ['end', 'end'], 'a FIN, after the grace');
  half.socket.write('st\r\n\r\n');
  t.equal(await half.ended, 'end');
  t.match(half.received(), /^HTTP\/1\.1 200 OK\r\n(?:[^\r]+\r\n)*Connection: close\r\n[^]*now$/);
  t.equal(busy.received(), '', 'the request in flight is waited for');
  t.equal(held.length, 1);
  release();
  t.equal(await busy.ended, 'end');
  t.match(busy.received(), /^HTTP\/1\.1 200 OK\r\n(?:[^\r]+\r\n)*Connection: close\r\n[^]*held \/hold$/);
  t.match(await done, {
    clean: true,
    connections: { open: 4, answered: 2, idle: 2, gone: 0, cut: [] },
    requests: { inFlight: 1, served: 2, cut: 0 },
  });
});

t.test('pipelined requests from before it was attached are all answered', async (t) => {
  const { server, held } = createHolding();
  const port = await listen(t, server);
  const client = await open(t, port, request('/hold/1') + request('/hold/2'));
  await until(() => held.length === 2);
  const coordinator = create(t);
  coordinator.attach(server);
  const done = coordinator.shutdown();
  held[0]?.end('one');
  await sleep(400);
  held[1]?.end('two');
  t.equal(await client.ended, 'end');
  t.match(client.received(), /\r\n\r\n[^]*one[^]*\r\n\r\n[^]*two/);
  t.match(await done, { clean: true });
});

t.test('a server attached after the shutdown began is closed at once', async (t) => {
  const coordinator = create(t);
  const first = createHolding();
  const second = createHolding();
  coordinator.attach(first.server);
  const ports = [await listen(t, first.server), await listen(t, second.server)] as const;
  const answers = [ask(ports[0], '/hold/1')];
  await once(first.server, 'request');
  answers.push(ask(ports[1], '/hold/2'));
  await once(second.server, 'request');
  const idle = await open(t, ports[1], request('/'));
  await once(idle.socket, 'data');

  const done = coordinator.shutdown();
  const draining = new Promise<void>((resolve) => {
    coordinator.on('state', ({ state }) => state === 'draining' && resolve());
  });
  await draining;
  coordinator.attach(second.server);
  await until(() => !second.server.listening);
  t.equal(second.server.listening, false);
  t.equal(await ask(ports[1], '/'), 'ECONNREFUSED', 'its clients are refused');
  t.equal(await idle.ended, 'end', 'its idle connections end');
  first.release();
  t.match(await answers[0], { status: 200, body: 'held /hold/1' });
  await sleep(400);
  second.release();
  t.match(await answers[1], { status: 200, connection: 'close' }, 'and its requests are waited for');
  const report = await done;
  t.match(report, { clean: true, requests: { served: 2, cut: 0 } });
  t.equal(report.listeners.length, 2);

  const late = createHolding().server;
  const port = await listen(t, late);
  coordinator.attach(late);
  await until(() => !late.listening);
  t.equal(await ask(port, '/'), 'ECONNREFUSED', 'after the end, too');
});

t.test('a server attached during the delay says Connection: close as well', async (t) => {
  const coordinator = create(t);
  const { server } = createHolding();
  const port = await listen(t, server);
  coordinator.beforeShutdown('attach', async () => {
    coordinator.attach(server);
    t.match(await ask(port, '/'), { status: 200, connection: 'close' });
  });
  t.match(await coordinator.shutdown(), { clean: true });
  t.equal(await ask(port, '/'), 'ECONNREFUSED');
});
