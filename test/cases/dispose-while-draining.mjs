// Calls `dispose()` 300 ms after the signal, with a request in flight. Right: a stop that has begun goes on: request
// answered, hook runs, exit 0.
import { createCoordinator } from '@graceful-cluster/core';
import { control, serve, test } from './lib.mjs';

await test({
  slow: 1500,
  program: async () => {
    const coordinator = createCoordinator();
    coordinator.attach(await serve());
    coordinator.onShutdown('database', () => console.log('hook ran'));
    if (!control) coordinator.on('closing', () => setTimeout(coordinator.dispose, 300));
  },
  right: ({ request, code, out }) => request === 200 && code === 0 && out.includes('hook ran'),
});
