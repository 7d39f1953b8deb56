import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { ask } from '../helpers/child.ts';
import { create, listen } from './in-process.ts';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

t.test('3,000 servers that were opened and closed cost nothing', async (t) => {
  const coordinator = create(t);
  const kept: WeakRef<object>[] = [];
  for (let i = 0; i < 3_000; i++) {
    const server = createServer();
    coordinator.attach(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    await new Promise((resolve) => server.close(resolve));
    kept.push(new WeakRef(server));
  }
  t.equal(coordinator.stats().servers, 0);
  await sleep(50);
  gc();
  await sleep(50);
  gc();
  const alive = kept.filter((reference) => reference.deref() !== undefined).length;
  t.ok(alive <= 2, `${alive} are still in memory`);
});

t.test('a server that listens again after a close is stopped like any other', async (t) => {
  const coordinator = create(t);
  const server = createServer((_request, response) => response.end('ok'));
  const detach = coordinator.attach(server);
  await listen(t, server);
  await new Promise((resolve) => server.close(resolve));
  t.equal(coordinator.stats().servers, 0);
  t.equal(coordinator.attach(server), detach, 'it is still in its care');
  const port = await listen(t, server);
  t.equal(coordinator.stats().servers, 1);
  const report = await coordinator.shutdown();
  t.match(report, { clean: true, listeners: [{ address: `127.0.0.1:${port}` }] });
  t.equal(await ask(port, '/'), 'ECONNREFUSED');
});

t.test('nor does it come back once it is detached', async (t) => {
  const coordinator = create(t);
  const server = createServer();
  const detach = coordinator.attach(server);
  await listen(t, server);
  await new Promise((resolve) => server.close(resolve));
  detach();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.equal(coordinator.stats().servers, 0);
  t.strictSame(server.eventNames(), createServer().eventNames(), 'no listener of ours is left');
  t.equal(server.listenerCount('listening'), createServer().listenerCount('listening'));
  await coordinator.shutdown();
  t.ok((server.address() as AddressInfo).port > 0, 'it goes on');
  server.close();
});
