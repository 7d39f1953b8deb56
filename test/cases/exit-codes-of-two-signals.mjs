// Gets SIGINT and SIGTERM 300 ms later (Ctrl-C at a process manager); its handlers call `process.exit(130)` and
// `process.exit(143)`. Right: request answered, the hook of 800 ms runs, exit with either code.
import { createCoordinator } from '@graceful-cluster/core';
import { control, serve, sleep, test } from './lib.mjs';

const both = [
  ['SIGINT', 300],
  ['SIGTERM', 600],
];

await test({
  slow: 800,
  signals: control ? both.slice(0, 1) : both,
  program: async () => {
    const coordinator = createCoordinator();
    coordinator.attach(await serve());
    coordinator.onShutdown('database', async () => {
      await sleep(800);
      console.log('hook ran');
    });
    process.on('SIGINT', () => process.exit(130));
    process.on('SIGTERM', () => process.exit(143));
  },
  right: ({ request, code, out }) =>
    request === 200 && (code === 130 || code === 143) && out.includes('hook ran'),
});
