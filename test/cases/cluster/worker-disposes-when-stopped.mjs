// A worker disposes of its coordinator as soon as that has stopped; a hook of it has failed. Right: request answered, the primary's
// report has it and names the hook, exit 1.
import cluster from 'node:cluster';
import http from 'node:http';
import { createCoordinator, superviseCluster } from '@graceful-cluster/core';
import { control, handler, reportIn, serve, test } from '../lib.mjs';

await test({
  slow: 500,
  detached: true,
  program: async () => {
    if (cluster.isPrimary) {
      superviseCluster({ workers: 1 }).on('stopped', ({ requests, workers }) =>
        console.log('report', JSON.stringify({ served: requests.served, outcome: workers[0].outcome })),
      );
      cluster.on('message', (worker, port) => process.send(port));
    } else {
      const coordinator = createCoordinator();
      coordinator.onShutdown('database', () => {
        throw new Error('database is gone');
      });
      if (!control) coordinator.on('stopped', () => coordinator.dispose());
      const server = http.createServer(handler);
      coordinator.attach(server);
      await serve(server);
    }
  },
  right: ({ request, code, out, err }) => {
    const { served, outcome } = reportIn(out);
    return (
      request === 200 &&
      code === 1 &&
      served === 1 &&
      outcome === 'drained' &&
      err.includes("hook 'database' failed")
    );
  },
});
