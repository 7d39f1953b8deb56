// A handler of the signal tracks a job that takes longer than there is time. Right: request answered, the job is waited
// for, the report names it and is not clean, exit 1.
import { createCoordinator } from '@graceful-cluster/core';
import { control, reportIn, serve, sleep, test } from './lib.mjs';

await test({
  slow: 500,
  program: async () => {
    const coordinator = createCoordinator({ timeout: 3000, cleanupTimeout: 500 });
    coordinator.attach(await serve());
    coordinator.on('stopped', ({ clean, connections }) =>
      console.log('report', JSON.stringify({ clean, cut: connections.cut.map(({ kind }) => kind) })),
    );
    process.on('SIGTERM', () => void coordinator.track(sleep(control ? 100 : 20_000), 'job'));
  },
  right: ({ request, code, out }) => {
    const { clean, cut } = reportIn(out);
    if (control) return request === 200 && code === 0 && clean;
    return request === 200 && code === 1 && clean === false && cut.includes('work');
  },
});
