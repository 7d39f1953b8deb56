// Tracks, 300 ms after the signal, a job that closes the server and then flushes: the stop waits for the job and the job
// for the stop. Right: request answered, "flushed", exit 0, long before the deadline.
import { promisify } from 'node:util';
import { createCoordinator } from '@graceful-cluster/core';
import { control, serve, sleep, test } from './lib.mjs';

await test({
  slow: 2000,
  program: async () => {
    const coordinator = createCoordinator();
    const server = await serve();
    coordinator.attach(server);
    const stop = async () => {
      if (!control) await promisify(server.close.bind(server))();
      await sleep(200);
      console.log('flushed');
    };
    coordinator.on('closing', () => setTimeout(() => coordinator.track(stop(), 'stop'), 300));
  },
  right: ({ request, code, out, ms }) =>
    request === 200 && code === 0 && out.includes('flushed') && ms < 4000,
});
