// Its only server is closed, and listens again later, with `--import`. Right: a request in flight at the signal is answered, exit 0.
import { once } from 'node:events';
import http from 'node:http';
import { control, handler, serve, sleep, test } from './lib.mjs';

await test({
  register: true,
  program: async () => {
    const server = http.createServer(handler);
    if (!control) {
      await once(server.listen(0, '127.0.0.1'), 'listening');
      await once(server.close(), 'close');
      await sleep(200);
    }
    await serve(server);
  },
  right: ({ request, code }) => request === 200 && code === 0,
});
