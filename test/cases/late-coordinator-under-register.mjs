// With --import. SIGTERM comes while the start still waits for the database; only then it makes a coordinator of its own,
// attaches the server and adds a hook. Right: request answered, hook runs, exit 0.
import { createCoordinator } from '@graceful-cluster/core';
import { control, serve, sleep, test } from './lib.mjs';

await test({
  register: true,
  slow: 2000,
  program: async () => {
    const server = await serve();
    await sleep(control ? 100 : 800);
    const coordinator = createCoordinator();
    coordinator.attach(server);
    coordinator.onShutdown('database', () => console.log('hook ran'));
  },
  right: ({ request, code, out }) => request === 200 && code === 0 && out.includes('hook ran'),
});
