// 15 event streams, each of which ends by a listener of `coordinator.signal` of its own. Right: all end, exit 0, and Node warns of
// no leak.
import http from 'node:http';
import { createCoordinator } from '@graceful-cluster/core';
import { control, play, role, serve, sleep, verdict } from './lib.mjs';

const STREAMS = 15;

if (role === undefined) {
  const its = await play('program');
  let ended = 0;
  for (let index = 0; index < STREAMS; index += 1) {
    http.get({ port: its.message, host: '127.0.0.1', agent: false }, (response) => {
      response.resume().on('end', () => (ended += 1));
    });
  }
  await sleep(500);
  its.stop();
  const code = await its.exit;
  const right = ended === STREAMS && code === 0 && its.err === '';
  verdict(right, `${ended} ended, exit ${code} after ${its.ms} ms ${its.err.trim()}`);
} else {
  const coordinator = createCoordinator();
  const events = (request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
    const end = () => response.end();
    if (control) coordinator.on('closing', end);
    else coordinator.signal.addEventListener('abort', end);
  };
  coordinator.attach(await serve(http.createServer(events)));
}
