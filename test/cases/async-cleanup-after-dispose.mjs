// Disposes of its coordinator when the server is closed, as `await using` does at the end of main, while its own SIGTERM
// handler still flushes by a timer. Right: request answered, "flushed", exit 0.
import { once } from 'node:events';
import { createCoordinator } from '@graceful-cluster/core';
import { control, serve, test } from './lib.mjs';

await test({
  slow: 500,
  program: async () => {
    const coordinator = createCoordinator();
    const server = await serve();
    coordinator.attach(server);
    process.on('SIGTERM', () => setTimeout(() => console.log('flushed'), 1000));
    await once(server, 'close');
    if (!control) await coordinator[Symbol.asyncDispose]();
  },
  right: ({ request, code, out }) => request === 200 && code === 0 && out.includes('flushed'),
});
