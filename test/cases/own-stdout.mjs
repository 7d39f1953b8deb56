// Has put a logger with nothing but `write` in the place of `process.stdout`. Right: request answered, hook runs, exit 0.
import { createCoordinator } from '@graceful-cluster/core';
import { control, serve, test } from './lib.mjs';

await test({
  program: async () => {
    const stdout = { write: () => true };
    if (!control) Object.defineProperty(process, 'stdout', { value: stdout, configurable: true });
    const coordinator = createCoordinator();
    coordinator.attach(await serve());
    coordinator.onShutdown('database', () => console.error('hook ran'));
  },
  right: ({ request, code, err }) => request === 200 && code === 0 && err.trim() === 'hook ran',
});
