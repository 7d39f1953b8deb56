// One of its two servers has a `close` that nobody can replace, as some wrappers define it. Right: the other server's
// request is answered, the hook runs, exit 0, and one line on stderr.
import http from 'node:http';
import { createCoordinator } from '@graceful-cluster/core';
import { control, handler, serve, test } from './lib.mjs';

await test({
  program: async () => {
    const coordinator = createCoordinator();
    const odd = http.createServer(handler).listen(0, '127.0.0.1');
    const { close } = odd;
    const wrapped = (callback) => close.call(odd, callback);
    if (!control) Object.defineProperty(odd, 'close', { value: wrapped });
    coordinator.attach(odd);
    coordinator.attach(await serve());
    coordinator.onShutdown('database', () => console.log('hook ran'));
  },
  right: ({ request, code, out, err }) =>
    request === 200 &&
    code === 0 &&
    out.includes('hook ran') &&
    err.trim().split('\n').filter(Boolean).length === (control ? 0 : 1),
});
