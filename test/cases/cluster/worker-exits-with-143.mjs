// Workers without a coordinator end, as is the custom, with 128 + 15 after their own SIGTERM handler. Right: that is a
// clean end, exit 0.
import cluster from 'node:cluster';
import http from 'node:http';
import { superviseCluster } from '@graceful-cluster/core';
import { control, handler, reportIn, test } from '../lib.mjs';

await test({
  detached: true,
  slow: 0,
  program: () => {
    if (cluster.isPrimary) {
      superviseCluster({ workers: 2 }).on('stopped', ({ clean, workers }) => {
        const ends = workers.map(({ outcome, code, signal }) => `${outcome} ${signal ?? code}`);
        console.log('report', JSON.stringify({ clean, ends }));
      });
      let listening = 0;
      cluster.on('listening', (worker, { port }) => (listening += 1) === 2 && process.send(port));
    } else {
      const server = http.createServer(handler).listen(0, '127.0.0.1');
      process.on('SIGTERM', () => server.close(() => process.exit(control ? 0 : 143)));
    }
  },
  right: ({ code, out }) => code === 0 && reportIn(out).clean,
});
