// A request handler hands its connection to a child process with `child.send()`, while another client's request takes
// 1.5 s. Right: that one is answered, `stats()` does not throw, exit 0.
import { fork } from 'node:child_process';
import http from 'node:http';
import { createCoordinator } from '@graceful-cluster/core';
import { ask, control, handler, role, serve, test } from './lib.mjs';

const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok';

if (role === 'child') {
  process.on('message', (message, socket) => socket?.end(answer));
} else {
  await test({
    slow: 1500,
    signals: [['SIGTERM', 700]],
    program: async () => {
      const child = fork(process.argv[1], { env: { ...process.env, CASE_ROLE: 'child' } });
      const server = http.createServer((request, response) => {
        if (request.url === '/child') child.send('take it', request.socket);
        else handler(request, response);
      });
      const coordinator = createCoordinator();
      coordinator.attach(server);
      coordinator.onShutdown('child', () => child.disconnect());
      await serve(server);
      setTimeout(async () => {
        if (!control) console.log('handed over:', await ask(server.address().port, '/child'));
        setTimeout(() => console.log('open:', coordinator.stats().open), 100);
      }, 200);
    },
    right: ({ request, code, out }) => request === 200 && code === 0 && out.includes('open:'),
  });
}
