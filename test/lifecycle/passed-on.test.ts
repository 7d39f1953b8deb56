import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import t from 'tap';
import { create, listen, open, until } from './in-process.ts';

const upgrade = 'GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n';

t.test('an upgraded connection is drained beside one that was passed on to another process', async (t) => {
  const server = createServer();
  const port = await listen(t, server);
  const coordinator = create(t);
  coordinator.attach(server);
  server.on('upgrade', (_request, socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n'));
  const ended: unknown[] = [];
  coordinator.onUpgrade((socket) => {
    ended.push(socket);
    socket.end();
    return true;
  });

  const file = `${t.testdir({ 'child.cjs': `process.on('message', () => process.send('taken'));` })}/child.cjs`;
  const child = fork(file, { execArgv: [] });
  t.teardown(() => child.kill());
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  await open(t, port);
  const [passed] = await accepted;
  child.send('socket', passed);
  await once(child, 'message');

  const upgraded = await open(t, port, upgrade);
  await until(() => upgraded.received() !== '');
  // Node counts the upgraded one alone, and its list of those that speak HTTP must not have the other in its place.
  const report = await coordinator.shutdown('by hand');
  t.equal(ended.length, 1);
  t.match(report, { clean: true, connections: { open: 1 } });
  t.equal(await upgraded.ended, 'end');
});
