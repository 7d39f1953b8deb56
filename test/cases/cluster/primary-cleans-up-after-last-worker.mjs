// The primary flushes for 1.2 s when its last worker has ended, and exits then; its handler of the signal does nothing that could be
// seen. Right: request answered, "flushed", exit 3, its own.
import cluster from 'node:cluster';
import http from 'node:http';
import { control, handler, test } from '../lib.mjs';

await test({
  slow: 500,
  detached: true,
  register: !control,
  program: () => {
    if (!cluster.isPrimary) {
      http.createServer(handler).listen(0, '127.0.0.1');
      return;
    }
    let stopping = false;
    let left = 2;
    cluster.on('listening', (worker, { port }) => process.send(port));
    cluster.on('exit', () => {
      left -= 1;
      if (!stopping || left > 0) return;
      setTimeout(() => {
        console.log('flushed');
        process.exit(3);
      }, 1200);
    });
    process.on('SIGTERM', () => {
      stopping = true;
      if (control) for (const worker of Object.values(cluster.workers)) worker.disconnect();
    });
    for (let count = 0; count < left; count += 1) cluster.fork();
  },
  right: ({ request, code, out }) => request === 200 && code === 3 && out.includes('flushed'),
});
