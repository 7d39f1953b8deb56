// Begins a shutdown of its own with 8 s; a signal comes, whose own time is 2 s; a request takes 3 s, and a cleanup of the
// program's own 1 s more. Right: request answered, "cleaned up", exit 0, nothing on stderr.
import { createCoordinator } from '@graceful-cluster/core';
import { control, serve, sleep, test } from './lib.mjs';

await test({
  slow: 3000,
  program: async () => {
    const coordinator = createCoordinator({ timeout: 2000, cleanupTimeout: 500 });
    coordinator.attach(await serve());
    if (!control) setTimeout(() => void coordinator.shutdown('own', { timeout: 8000 }), 200);
    process.on('SIGTERM', async () => {
      await sleep(1000);
      console.log('cleaned up');
    });
  },
  signals: [['SIGTERM', 500]],
  right: ({ request, code, out, err }) =>
    control || (request === 200 && code === 0 && out.includes('cleaned up') && err === ''),
});
