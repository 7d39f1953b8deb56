// `cluster.disconnect()` in the primary on SIGTERM, which closes the servers of all workers.
import cluster from 'node:cluster';
import { createServer } from 'node:http';
import { answer, host, port, workers } from './app.js';

if (cluster.isPrimary) {
  for (let number = 0; number < workers; number += 1) cluster.fork();
  process.on('SIGTERM', () => cluster.disconnect());
} else {
  createServer(answer).listen(port, host);
}
