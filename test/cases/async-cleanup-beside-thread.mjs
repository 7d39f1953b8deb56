// Its server is in a worker thread that does not end by itself, and its own SIGTERM handler flushes by a timer of 3 s.
// Right: "flushed", exit 0.
import http from 'node:http';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { createCoordinator } from '@graceful-cluster/core';
import { control, handler, serve, test } from './lib.mjs';

if (isMainThread) {
  await test({
    slow: 0,
    program: async () => {
      const coordinator = createCoordinator();
      process.on('SIGTERM', () => setTimeout(() => console.log('flushed'), 3000));
      if (control) coordinator.attach(await serve());
      else new Worker(new URL(import.meta.url)).on('message', (port) => process.send(port));
    },
    right: ({ code, out }) => code === 0 && out.includes('flushed'),
  });
} else {
  const server = http.createServer(handler);
  setInterval(() => {}, 1000); // sweeps a cache
  createCoordinator().attach(server);
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
}
