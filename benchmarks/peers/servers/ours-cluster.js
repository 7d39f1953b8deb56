// `superviseCluster({ workers })` in the primary, `createCoordinator().attach(server)` in each worker.
import cluster from 'node:cluster';
import { createServer } from 'node:http';
import { createCoordinator, superviseCluster } from '@graceful-cluster/core';
import { answer, host, port, workers } from './app.js';

if (cluster.isPrimary) {
  superviseCluster({ workers });
} else {
  const server = createServer(answer);
  createCoordinator().attach(server);
  server.listen(port, host);
}
