// Has its server in a worker thread, which its own SIGTERM handler terminates. Right: the thread drains first: request
// answered, exit 0.
import http from 'node:http';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { createCoordinator } from '@graceful-cluster/core';
import { control, handler, test } from './lib.mjs';

if (isMainThread) {
  await test({
    slow: 1500,
    program: () => {
      const coordinator = createCoordinator();
      coordinator.on('stopped', ({ threads }) => console.log('thread', threads[0]?.outcome));
      const worker = new Worker(new URL(import.meta.url));
      worker.on('message', (port) => process.send(port));
      if (!control) process.on('SIGTERM', () => worker.terminate());
    },
    right: ({ request, code }) => request === 200 && code === 0,
  });
} else {
  const server = http.createServer(handler);
  createCoordinator().attach(server);
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
}
