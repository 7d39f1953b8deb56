// Two servers have a `close` that returns a promise: made by `promisify`, and `async` in a subclass. The program awaits
// both on the signal, and then ends its database. Right: both requests have it to their end, "ended", exit 0.
import { once } from 'node:events';
import http from 'node:http';
import { promisify } from 'node:util';
import { createCoordinator } from '@graceful-cluster/core';
import { ask, control, play, role, sleep, verdict } from './lib.mjs';

if (role === undefined) {
  const its = await play('program');
  const answers = its.message.map((port) => ask(port));
  await sleep(300);
  its.stop();
  const code = await its.exit;
  const answered = await Promise.all(answers);
  const right = answered.every((status) => status === 200) && code === 0 && its.out.trim() === 'ended';
  verdict(
    right,
    `${answered.join(', ')}; exit ${code} after ${its.ms} ms; ${its.out.trim()} ${its.err.trim()}`,
  );
} else {
  let database = 'open';
  const handler = (request, response) => {
    setTimeout(() => response.writeHead(database === 'open' ? 200 : 500).end(), 1000);
  };
  class AsyncServer extends http.Server {
    async close() {
      await promisify(super.close.bind(this))();
    }
  }
  const promisified = http.createServer(handler);
  promisified.close = promisify(promisified.close.bind(promisified));
  const servers = [promisified, new AsyncServer(handler)];
  const coordinator = createCoordinator();
  for (const server of servers) {
    if (!control) coordinator.attach(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
  }
  process.on('SIGTERM', async () => {
    await Promise.all(servers.map(async (server) => server.close()));
    database = 'ended';
    console.log(database);
  });
  process.send(servers.map((server) => server.address().port));
  process.disconnect();
}
