import { once } from 'node:events';
import { createServer, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import t from 'tap';
import { create, listen, open } from './in-process.ts';

t.test('a response that a program makes of an upgraded request is not waited for', async (t) => {
  const coordinator = create(t);
  const server = createServer();
  // As @fastify/websocket does, to send the request through its routes.
  server.on('upgrade', (request, socket: Socket) => {
    new ServerResponse(request).assignSocket(socket);
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
  });
  coordinator.attach(server);
  coordinator.onUpgrade((socket) => {
    socket.end('bye');
    return true;
  });
  const port = await listen(t, server);
  const client = await open(
    t,
    port,
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n',
  );
  await once(client.socket, 'data');
  t.match(coordinator.stats(), { open: 1, inFlight: 0 });
  const done = coordinator.shutdown();
  t.equal(await client.ended, 'end');
  t.match(client.received(), /bye$/);
  t.match(await done, { clean: true, requests: { inFlight: 0, cut: 0 }, connections: { cut: [] } });
});
