// A hook of a coordinator in a worker thread fails. Right: request answered, exit 1, and stderr names the thread, the hook and
// its error.
import http from 'node:http';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { createCoordinator } from '@graceful-cluster/core';
import { control, handler, test } from './lib.mjs';

if (isMainThread) {
  await test({
    slow: 500,
    program: () => {
      createCoordinator();
      new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) }).on('message', (port) =>
        process.send(port),
      );
    },
    right: ({ request, code, err }) => {
      if (control) return request === 200 && code === 0 && err === '';
      return request === 200 && code === 1 && err.includes("thread 1: hook 'database' failed: Error: gone");
    },
  });
} else {
  const coordinator = createCoordinator();
  coordinator.onShutdown('database', () => {
    if (!control) throw new Error('gone');
  });
  const server = http.createServer(handler);
  coordinator.attach(server);
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
}
