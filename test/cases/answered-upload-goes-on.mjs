// Answers an upload at once with 202 and stores what comes in; the signal arrives early in the upload, which takes 2.5 s.
// Node's client stops sending when it reads a FIN. Right: all of it is stored, exit 0.
import http from 'node:http';
import { createCoordinator } from '@graceful-cluster/core';
import { control, play, role, serve, sleep, verdict } from './lib.mjs';

const PARTS = 25;

if (role === undefined) {
  const its = await play('program');
  const options = {
    port: its.message,
    host: '127.0.0.1',
    method: 'POST',
    agent: new http.Agent({ keepAlive: true }),
  };
  let status = 0;
  const request = http.request({ ...options, headers: { 'content-length': PARTS } }, (response) => {
    status = response.statusCode;
    response.resume();
  });
  request.on('error', (error) => (status = error.code));
  setTimeout(its.stop, 300);
  for (let part = 0; part < PARTS; part += 1) {
    request.write('x');
    await sleep(100);
  }
  request.end();
  const code = await its.exit;
  const right = status === 202 && code === 0 && its.out === `stored ${PARTS}\n`;
  verdict(right, `answer ${status}, exit ${code} after ${its.ms} ms, ${its.out.trim()}`);
} else {
  const server = http.createServer((request, response) => {
    let stored = 0;
    response.writeHead(202).end();
    request.on('data', ({ length }) => (stored += length)).on('end', () => console.log('stored', stored));
  });
  await serve(server);
  if (control) process.on('SIGTERM', () => server.close());
  else createCoordinator().attach(server);
  process.disconnect();
}
