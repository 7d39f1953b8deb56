// Has an asynchronous `exit` function that sends the report for 300 ms; another SIGTERM handler calls `process.exit(0)`,
// and a request is cut at the deadline. Right: sent with code 1, exit 1.
import { createCoordinator } from '@graceful-cluster/core';
import { control, serve, sleep, test } from './lib.mjs';

await test({
  slow: 60_000,
  program: async () => {
    const exit = async (code) => {
      await sleep(300);
      console.log('sent', code);
      process.exit(code);
    };
    createCoordinator({ timeout: 2000, cleanupTimeout: 500, exit }).attach(await serve());
    if (!control) process.on('SIGTERM', () => process.exit(0));
  },
  right: ({ code, out }) => code === 1 && out.includes('sent 1'),
});
