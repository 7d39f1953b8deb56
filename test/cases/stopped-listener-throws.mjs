// One listener of `stopped` throws and another one rejects. Right: request answered, and stderr tells both errors.
import { createCoordinator } from '@graceful-cluster/core';
import { control, serve, test } from './lib.mjs';

await test({
  program: async () => {
    const coordinator = createCoordinator();
    coordinator.attach(await serve());
    if (control) return;
    coordinator.on('stopped', () => {
      throw new Error('the log is closed');
    });
    coordinator.on('stopped', async () => {
      throw new Error('metrics are down');
    });
  },
  right: ({ request, err }) =>
    request === 200 && (control || (err.includes('the log is closed') && err.includes('metrics are down'))),
});
