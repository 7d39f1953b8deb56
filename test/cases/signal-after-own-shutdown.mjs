// Has drained by `coordinator.shutdown()`, lives on with its jobs, and gets SIGTERM a second later; its own handler ends
// the jobs and flushes. Right: "flushed", exit 0.
import { createCoordinator } from '@graceful-cluster/core';
import { control, serve, sleep, test } from './lib.mjs';

await test({
  slow: 0,
  signals: [['SIGTERM', 1500]],
  program: async () => {
    const coordinator = createCoordinator();
    coordinator.attach(await serve());
    const jobs = setInterval(() => {}, 1000);
    process.on('SIGTERM', () => {
      clearInterval(jobs);
      setTimeout(() => console.log('flushed'), 800);
    });
    await sleep(200);
    if (!control) await coordinator.shutdown('not the leader');
  },
  right: ({ code, out }) => code === 0 && out.includes('flushed'),
});
