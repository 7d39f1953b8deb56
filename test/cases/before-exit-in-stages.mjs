// Sends one batch at each `beforeExit`, as long as there are some. Right: request answered, all three sent, exit 0.
import { createCoordinator } from '@graceful-cluster/core';
import { control, serve, test } from './lib.mjs';

await test({
  slow: 500,
  program: async () => {
    const server = await serve();
    if (control) process.on('SIGTERM', () => server.close());
    else createCoordinator().attach(server);
    const batches = ['a', 'b', 'c'];
    process.on('beforeExit', () => {
      const batch = batches.shift();
      if (batch !== undefined) setTimeout(() => console.log('sent', batch), 200);
    });
    process.disconnect();
  },
  right: ({ request, code, out }) => request === 200 && code === 0 && out === 'sent a\nsent b\nsent c\n',
});
