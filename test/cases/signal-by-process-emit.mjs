// Stops itself by `process.emit('SIGTERM')`, as code for Windows does; its own handler exits with 143. Right: request
// answered, hook runs with the reason SIGTERM, exit 143.
import { createCoordinator } from '@graceful-cluster/core';
import { control, serve, sleep, test } from './lib.mjs';

await test({
  signals: control ? [['SIGTERM', 300]] : [],
  program: async () => {
    const coordinator = createCoordinator();
    coordinator.attach(await serve());
    coordinator.onShutdown('database', async (reason) => {
      await sleep(300);
      console.log('hook ran:', reason);
    });
    process.on('SIGTERM', () => process.exit(143));
    if (!control) setTimeout(() => process.emit('SIGTERM'), 300);
  },
  right: ({ request, code, out }) => request === 200 && code === 143 && out.includes('hook ran: SIGTERM'),
});
