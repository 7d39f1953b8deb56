// SIGTERM comes during the start: the second server listens only after it, and is then closed by the program, which
// takes an error of `close` for a reason to exit with 1. Right: request answered, no error, exit 0.
import http from 'node:http';
import { createCoordinator } from '@graceful-cluster/core';
import { control, handler, serve, sleep, test } from './lib.mjs';

await test({
  slow: 2000,
  program: async () => {
    const coordinator = createCoordinator();
    coordinator.attach(await serve());
    const late = http.createServer(handler);
    coordinator.attach(late);
    await sleep(control ? 50 : 500);
    late.listen(0, '127.0.0.1');
    await sleep(control ? 900 : 500);
    late.close((error) => {
      console.log(`close: ${error?.code ?? 'ok'}`);
      process.exit(error ? 1 : 0);
    });
  },
  right: ({ request, code, out }) => request === 200 && code === 0 && out.includes('close: ok'),
});
