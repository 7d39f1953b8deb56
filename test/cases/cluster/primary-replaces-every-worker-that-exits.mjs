// With --import: a primary forks a new worker for each one that exits, also in the stop, which a request of 2.5 s makes
// long. Right: request answered, and a handful of forks in the stop at most.
import cluster from 'node:cluster';
import http from 'node:http';
import { control, handler, test } from '../lib.mjs';

await test({
  register: true,
  detached: true,
  slow: 2500,
  program: () => {
    if (!cluster.isPrimary) return http.createServer(handler).listen(0, '127.0.0.1');
    let listening = 0;
    cluster.on('listening', (worker, { port }) => (listening += 1) === 2 && process.send(port));
    cluster.on('fork', () => listening >= 2 && console.log('fork'));
    if (!control) cluster.on('exit', () => cluster.fork());
    cluster.fork();
    cluster.fork();
  },
  right: ({ request, out }) => request === 200 && out.split('fork').length - 1 <= 5,
});
