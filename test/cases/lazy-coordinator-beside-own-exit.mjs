// A module that is loaded in a hook asks for the process-wide coordinator, and the program's own one has `exit: false`.
// Right: the program flushes for 1 s after the report, and exits by itself with 3; no warning.
import { createCoordinator, getCoordinator } from '@graceful-cluster/core';
import { control, serve, sleep, test } from './lib.mjs';

await test({
  slow: 300,
  program: async () => {
    const coordinator = createCoordinator({ exit: false });
    coordinator.attach(await serve());
    coordinator.onShutdown('module', () => void (control || getCoordinator()));
    coordinator.on('stopped', async () => {
      await sleep(1000);
      console.log('flushed');
      process.exit(3);
    });
  },
  right: ({ request, code, out, err }) =>
    request === 200 && code === 3 && out.includes('flushed') && err === '',
});
