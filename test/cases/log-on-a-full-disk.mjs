// Its stdout is a file on a full disk, and a hook logs a line. Right: as in plain Node, where the console ignores that:
// request answered, exit 0.
import fs from 'node:fs';
import { createCoordinator } from '@graceful-cluster/core';
import { control, serve, test } from './lib.mjs';

await test({
  stdio: ['ignore', fs.openSync(control ? '/dev/null' : '/dev/full', 'w'), 'pipe', 'ipc'],
  program: async () => {
    const coordinator = createCoordinator();
    coordinator.attach(await serve());
    coordinator.onShutdown('log', () => console.log('stopping'));
  },
  right: ({ request, code, err }) => request === 200 && code === 0 && err === '',
});
