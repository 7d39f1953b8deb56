// Calls `server.close()` in a listener of our own event `closing`, and a metrics timer holds its loop. Right: request
// answered, exit 0 in no time, not at the deadline.
import { createCoordinator } from '@graceful-cluster/core';
import { control, serve, test } from './lib.mjs';

await test({
  slow: 500,
  program: async () => {
    const coordinator = createCoordinator();
    const server = await serve();
    coordinator.attach(server);
    if (!control) coordinator.on('closing', () => server.close());
    setInterval(() => {}, 1000);
  },
  right: ({ request, code, ms }) => request === 200 && code === 0 && ms < 3000,
});
