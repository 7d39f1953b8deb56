// Answers an upload at once and never reads it; the client sends on and on. Right: the stop does not wait for that: exit 0 in no
// time.
import http from 'node:http';
import { createCoordinator } from '@graceful-cluster/core';
import { control, play, role, serve, sleep, verdict } from './lib.mjs';

if (role === undefined) {
  const its = await play('program');
  const agent = new http.Agent({ keepAlive: true });
  const options = { port: its.message, host: '127.0.0.1', method: 'POST', agent };
  const request = http.request(options, (response) => response.resume());
  request.on('error', () => {});
  const timer = setInterval(() => request.write('more'), 50);
  await sleep(500);
  its.stop();
  if (control) request.end();
  const code = await its.exit;
  clearInterval(timer);
  verdict(code === 0 && its.ms < 4000, `exit ${code} after ${its.ms} ms ${its.err.trim()}`);
} else {
  const coordinator = createCoordinator();
  coordinator.attach(await serve(http.createServer((request, response) => response.end('no thanks'))));
}
