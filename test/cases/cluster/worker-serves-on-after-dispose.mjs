// A worker disposes of its coordinator and serves on by itself; then the cluster stops. Right: request answered, exit 0,
// long before the deadline of 5 s.
import cluster from 'node:cluster';
import http from 'node:http';
import { createCoordinator, superviseCluster } from '@graceful-cluster/core';
import { control, handler, test } from '../lib.mjs';

await test({
  detached: true,
  program: () => {
    if (cluster.isPrimary) {
      superviseCluster({ workers: 1, timeout: 5000 }).on('stopped', ({ clean, workers }) =>
        console.log(`clean ${clean}, worker ${workers[0].outcome}`),
      );
      cluster.on('listening', (worker, { port }) => process.send(port));
    } else {
      const coordinator = createCoordinator();
      const server = http.createServer(handler);
      coordinator.attach(server);
      server.listen(0, '127.0.0.1', () => control || coordinator.dispose());
    }
  },
  right: ({ request, code, ms }) => request === 200 && code === 0 && ms < 3000,
});
