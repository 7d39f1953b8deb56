// Its signal handler awaits `server[Symbol.asyncDispose]()` of a `net.Server`, and closes the database then. Right: the
// client that needs 800 ms more is served before that.
import net from 'node:net';
import { createCoordinator } from '@graceful-cluster/core';
import { test } from './lib.mjs';

await test({
  slow: 0,
  signals: [['SIGTERM', 700]],
  program: () => {
    let open = true;
    const server = net.createServer((socket) => {
      socket.resume();
      setTimeout(() => socket.end(open ? 'served' : 'lost: the database is closed'), 1500);
    });
    createCoordinator().attach(server);
    process.on('SIGTERM', async () => {
      await server[Symbol.asyncDispose]();
      open = false;
    });
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      net.connect(port, '127.0.0.1').on('data', (data) => console.log(String(data)));
      process.send(port);
    });
  },
  right: ({ code, out }) => code === 0 && out.includes('served'),
});
