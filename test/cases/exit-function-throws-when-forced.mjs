// A hook hangs, the operator sends a second signal, and then the `exit` function throws. Right: ends at once, not with 0.
import { createCoordinator } from '@graceful-cluster/core';
import { control, serve, test } from './lib.mjs';

await test({
  slow: 0,
  signals: [
    ['SIGTERM', 300],
    ['SIGTERM', 1000],
  ],
  program: async () => {
    const exit = (code) => {
      if (control) process.exit(code);
      throw new Error('log is closed');
    };
    const coordinator = createCoordinator({ secondSignalDelay: 100, timeout: 6000, exit });
    coordinator.attach(await serve());
    coordinator.onShutdown('hangs', () => new Promise(() => {}));
  },
  right: ({ code, ms }) => code !== 0 && ms < 2500,
});
