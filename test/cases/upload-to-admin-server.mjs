// An admin server that nothing is attached to gets an upload, and the program closes it by itself on the signal and waits
// for that. Right: both requests answered, "closed", exit 0.
import http from 'node:http';
import { createCoordinator } from '@graceful-cluster/core';
import { ask, control, play, role, serve, sleep, verdict } from './lib.mjs';

function upload(port) {
  return new Promise((resolve) => {
    const request = http.request({ port, host: '127.0.0.1', method: 'POST', agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    });
    request.on('error', ({ code }) => resolve(code));
    const timer = setInterval(() => request.write('part'), 100);
    setTimeout(() => {
      clearInterval(timer);
      request.end();
    }, 2000);
  });
}

if (role === undefined) {
  const its = await play('program');
  const [port, admin] = its.message;
  const answers = [ask(port, '/slow?ms=500'), upload(admin)];
  await sleep(300);
  its.stop();
  const code = await its.exit;
  const answered = await Promise.all(answers);
  const right = answered.every((status) => status === 200) && code === 0 && its.out.includes('closed');
  verdict(right, `answers ${answered.join(', ')}; exit ${code} after ${its.ms} ms ${its.err.trim()}`);
} else {
  const admin = http.createServer((request, response) => request.resume().on('end', () => response.end()));
  await new Promise((resolve) => admin.listen(0, '127.0.0.1', resolve));
  const { send } = process;
  process.send = (port) => send.call(process, [port, admin.address().port]);
  const coordinator = createCoordinator();
  const server = await serve();
  coordinator.attach(server);
  if (control) coordinator.attach(admin);
  process.on('SIGTERM', async () => {
    await new Promise((resolve) => admin.close(resolve));
    console.log('closed');
  });
}
