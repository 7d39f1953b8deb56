// SIGTERM comes while two workers are busy with their start; each has a timer that holds its loop. Right: they end when
// they have started, exit 0, long before the deadline.
import cluster from 'node:cluster';
import http from 'node:http';
import { createCoordinator, superviseCluster } from '@graceful-cluster/core';
import { control, handler, test } from '../lib.mjs';

await test({
  detached: true,
  slow: 0,
  signals: [['SIGTERM', 150]],
  program: () => {
    if (cluster.isPrimary) {
      superviseCluster({ workers: 2 }).on('stopped', ({ clean, workers }) =>
        console.log(`clean ${clean}, workers ${workers.map(({ outcome }) => outcome).join(', ')}`),
      );
      let begun = 0;
      cluster.on('message', () => (begun += 1) === 2 && process.send('they start'));
    } else {
      process.send('I start');
      setInterval(() => {}, 1000);
      const server = http.createServer(handler);
      const ready = performance.now() + (control ? 0 : 900);
      while (performance.now() < ready);
      createCoordinator().attach(server);
      server.listen(0, '127.0.0.1');
    }
  },
  right: ({ code, ms }) => code === 0 && ms < 4000,
});
