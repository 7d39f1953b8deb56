// A worker has two coordinators with a server each; a hook of the first one, which is done first, fails. Right: request
// answered, the primary's report is not clean and names the hook, exit 1.
import cluster from 'node:cluster';
import http from 'node:http';
import { createCoordinator, superviseCluster } from '@graceful-cluster/core';
import { control, handler, reportIn, serve, test } from '../lib.mjs';

await test({
  detached: true,
  program: async () => {
    if (cluster.isPrimary) {
      superviseCluster({ workers: 1 }).on('stopped', ({ clean, workers }) =>
        console.log('report', JSON.stringify({ clean, hooks: workers[0].report?.hooks })),
      );
      cluster.on('message', (worker, port) => process.send(port));
    } else {
      const idle = http.createServer(handler).listen(0, '127.0.0.1');
      const first = createCoordinator();
      first.attach(idle);
      first.onShutdown('database', () => {
        if (!control) throw new Error('database is gone');
      });
      const busy = http.createServer(handler);
      createCoordinator().attach(busy);
      await serve(busy);
    }
  },
  right: ({ request, code, out }) => {
    const { clean, hooks } = reportIn(out);
    const hook = hooks?.find(({ name }) => name === 'database');
    if (control) return request === 200 && code === 0 && clean;
    return request === 200 && code === 1 && clean === false && hook?.outcome === 'failed';
  },
});
