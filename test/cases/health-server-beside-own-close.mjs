// The health handler has a port of its own, as the README has it, and the program's own signal handler closes its server.
// Right: the stop ends with the drain, and does not wait for the health server, which nothing closes.
import http from 'node:http';
import { createCoordinator, healthHandler } from '@graceful-cluster/core';
import { control, serve, test } from './lib.mjs';

await test({
  slow: 500,
  program: async () => {
    const coordinator = createCoordinator();
    const server = await serve();
    coordinator.attach(server);
    http.createServer(healthHandler(coordinator)).listen(0, '127.0.0.1');
    if (!control) process.on('SIGTERM', () => server.close());
  },
  right: ({ request, code, ms, err }) => request === 200 && code === 0 && ms < 3000 && err === '',
});
