// A worker thread has two servers with a coordinator each; one is idle, the other one answers a request of 3.5 s.
// Right: request answered, the thread's report is clean, exit 0.
import http from 'node:http';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { createCoordinator } from '@graceful-cluster/core';
import { control, handler, reportIn, test } from './lib.mjs';

if (isMainThread) {
  await test({
    slow: 3500,
    program: () => {
      const coordinator = createCoordinator();
      coordinator.on('stopped', ({ clean, threads }) =>
        console.log('report', JSON.stringify({ clean, threads: threads.map(({ outcome }) => outcome) })),
      );
      new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) }).on('message', (port) =>
        process.send(port),
      );
    },
    right: ({ request, code, out }) => request === 200 && code === 0 && reportIn(out).clean,
  });
} else {
  const idle = http.createServer(handler).listen(0, '127.0.0.1');
  const busy = http.createServer(handler);
  const coordinator = createCoordinator();
  coordinator.attach(idle);
  (control ? coordinator : createCoordinator()).attach(busy);
  busy.listen(0, '127.0.0.1', () => parentPort.postMessage(busy.address().port));
}
