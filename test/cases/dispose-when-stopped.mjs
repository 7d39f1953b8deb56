// Disposes of its coordinator as soon as that says `stopped`. Right: request answered, the report comes all the same and
// has the request, exit 0.
import { createCoordinator } from '@graceful-cluster/core';
import { control, reportIn, serve, test } from './lib.mjs';

await test({
  slow: 500,
  program: async () => {
    const coordinator = createCoordinator();
    coordinator.attach(await serve());
    coordinator.on('stopped', ({ requests }) => console.log('report', JSON.stringify(requests)));
    coordinator.on('state', ({ state }) => {
      if (state === 'stopped' && !control) coordinator.dispose();
    });
  },
  right: ({ request, code, out }) => request === 200 && code === 0 && reportIn(out).served === 1,
});
