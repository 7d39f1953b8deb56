// Its SIGTERM handler tracks a job of 600 ms that needs the database, which an onShutdown hook closes. Right: job saved
// before the hook, exit 0.
import { createCoordinator } from '@graceful-cluster/core';
import { control, serve, sleep, test } from './lib.mjs';

await test({
  slow: control ? 0 : 1000,
  program: async () => {
    const coordinator = createCoordinator();
    coordinator.attach(await serve());
    let open = true;
    coordinator.onShutdown('database', () => (open = false));
    const job = async () => {
      await sleep(600);
      console.log(open ? 'job saved' : 'job lost: the database is closed');
    };
    process.on('SIGTERM', () => coordinator.track(job(), 'job'));
  },
  right: ({ request, code, out }) => (control || request === 200) && code === 0 && out.includes('job saved'),
});
