// The handler of the signal closes an admin server that nothing is attached to, and exits in the callback. Right: a request of
// that server is answered, the callback is called, exit 4, the program's own.
import http from 'node:http';
import { createCoordinator } from '@graceful-cluster/core';
import { ask, control, handler, play, role, serve, sleep, verdict } from './lib.mjs';

if (role === undefined) {
  const its = await play('program');
  const answer = ask(its.message, '/slow?ms=1500');
  await sleep(300);
  its.stop();
  const code = await its.exit;
  const request = await answer;
  verdict(
    request === 200 && code === 4,
    `request ${request}, exit ${code} after ${its.ms} ms ${its.err.trim()}`,
  );
} else {
  const server = http.createServer(handler).listen(0, '127.0.0.1');
  if (!control) createCoordinator().attach(server);
  const admin = await serve();
  process.on('SIGTERM', () => admin.close(() => process.exit(4)));
  process.disconnect();
}
