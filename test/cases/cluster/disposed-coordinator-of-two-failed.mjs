// A worker has two coordinators; a hook of the first fails, and that one is disposed of before the other is done. Right:
// both requests are in the primary's report, which is not clean, exit 1.
import cluster from 'node:cluster';
import http from 'node:http';
import { createCoordinator, superviseCluster } from '@graceful-cluster/core';
import { control, handler, reportIn, serve, test } from '../lib.mjs';

await test({
  detached: true,
  program: async () => {
    if (cluster.isPrimary) {
      superviseCluster({ workers: 1 }).on('stopped', ({ clean }) =>
        console.log('report', JSON.stringify({ clean })),
      );
      cluster.on('message', (worker, port) => process.send(port));
    } else {
      const first = createCoordinator();
      first.attach(http.createServer(handler).listen(0, '127.0.0.1'));
      first.onShutdown('database', () => {
        throw new Error('database is gone');
      });
      if (!control) first.on('stopped', () => setImmediate(first.dispose));
      const busy = http.createServer(handler);
      createCoordinator().attach(busy);
      await serve(busy);
    }
  },
  right: ({ request, code, out }) => request === 200 && code === 1 && reportIn(out).clean === false,
});
