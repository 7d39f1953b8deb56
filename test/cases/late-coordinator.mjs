// While its first coordinator drains it makes a second one, with a server and a hook, and asks that server.
// Right: that request is answered or refused, the other one answered, the hook runs, exit 0.
import http from 'node:http';
import { createCoordinator } from '@graceful-cluster/core';
import { ask, control, handler, serve, sleep, test } from './lib.mjs';

await test({
  slow: 1500,
  program: async () => {
    createCoordinator().attach(await serve());
    await sleep(control ? 50 : 800);
    const second = createCoordinator();
    second.onShutdown('database', () => console.log('hook ran'));
    const other = http.createServer(handler).listen(0, '127.0.0.1', async () => {
      console.log('second server:', await ask(other.address().port, '/slow?ms=2000'));
    });
    second.attach(other);
  },
  right: ({ request, code, out }) =>
    request === 200 &&
    code === 0 &&
    out.includes('hook ran') &&
    /second server: (200|ECONNREFUSED)/.test(out),
});
