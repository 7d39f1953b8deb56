// Tells how much memory it uses: memory-server.js plain|graceful, under --expose-gc, with an IPC channel
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCoordinator } from '@graceful-cluster/core';

export interface Memory {
  readonly heapUsed: number;
  readonly external: number;
}

const server = createServer((_request, response) => response.end('hello\n'));
// Connections stay as long as the benchmark takes.
server.keepAliveTimeout = 600_000;
if (process.argv[2] === 'graceful') createCoordinator().attach(server);

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(`port ${typeof address === 'object' ? address?.port : address}`);
});

process.on('message', () => void tell());
process.on('disconnect', () => process.exit());

async function tell(): Promise<void> {
  for (let round = 0; round < 5; round += 1) {
    await sleep(100);
    globalThis.gc?.();
  }
  const { heapUsed, external } = process.memoryUsage();
  process.send?.({ heapUsed, external } satisfies Memory);
}
