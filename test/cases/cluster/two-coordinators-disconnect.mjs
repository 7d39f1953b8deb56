// A worker with two coordinators, both with `exit: false`, disconnects when both have stopped; a timer of its own holds it
// until then. Right: request answered, the worker drained, exit 0 in no time.
import cluster from 'node:cluster';
import http from 'node:http';
import { createCoordinator, superviseCluster } from '@graceful-cluster/core';
import { control, handler, test } from '../lib.mjs';

await test({
  slow: 500,
  detached: true,
  program: () => {
    if (cluster.isPrimary) {
      superviseCluster({ workers: 1, timeout: 5000 }).on('stopped', ({ clean, workers }) =>
        console.log(`clean ${clean}, worker ${workers[0].outcome}`),
      );
      cluster.on('message', (worker, port) => process.send(port));
      return;
    }
    const timer = setInterval(() => {}, 1000);
    process.on('disconnect', () => clearInterval(timer));
    const coordinators = control
      ? [createCoordinator({ exit: false })]
      : [1, 2].map(() => createCoordinator({ exit: false }));
    let left = coordinators.length;
    for (const coordinator of coordinators) {
      const server = http
        .createServer(handler)
        .listen(0, '127.0.0.1', () => process.send(server.address().port));
      coordinator.attach(server);
      coordinator.on('stopped', () => {
        left -= 1;
        if (left === 0) process.disconnect();
      });
    }
  },
  right: ({ request, code, out, ms }) =>
    request === 200 && code === 0 && out.includes('clean true, worker drained') && ms < 3000,
});
