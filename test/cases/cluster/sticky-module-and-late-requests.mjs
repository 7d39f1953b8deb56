// Sticky sessions by @socket.io/sticky: the primary keeps a connection until its first request tells the worker. Four
// clients are connected at the signal; three of them ask only after it. Right: all four are answered.
import cluster from 'node:cluster';
import http from 'node:http';
import net from 'node:net';
import { createCoordinator, superviseCluster } from '@graceful-cluster/core';
import sticky from '@socket.io/sticky';
import { control, play, role, serve, sleep, verdict } from '../lib.mjs';

if (role === undefined) {
  const program = await play('program', { detached: true });
  const texts = [0, 500, 700, 1000].map((ms) => client(program.message, ms));
  setTimeout(program.stop, 400);
  const code = await program.exit;
  const answers = (await Promise.all(texts)).map((text) => /^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? text);
  verdict(
    answers.every((answer) => answer === '200'),
    `answers ${answers.join(', ')}; exit ${code} after ${program.ms} ms`,
  );
} else if (cluster.isPrimary) {
  const server = http.createServer();
  sticky.setupMaster(server);
  cluster.setupPrimary({ serialization: 'advanced' });
  superviseCluster({ workers: 2 }).attach(server);
  let up = 0;
  cluster.on('message', (worker, message) => message === 'up' && (up += 1) === 2 && serve(server));
} else {
  const server = http.createServer((request, response) => response.end('ok'));
  createCoordinator().attach(server);
  sticky.setupWorker({ httpServer: server, engine: { on() {} } });
  process.send('up');
}

/** Connects, asks when `ms` have passed (the control: at once), and gives all that came. */
async function client(port, ms) {
  const socket = net.connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (data) => (text += data)).on('error', (error) => (text += error.code));
  const closed = new Promise((resolve) => socket.on('close', resolve));
  await sleep(control ? 0 : ms);
  socket.write('GET / HTTP/1.1\r\nHost: example.org\r\n\r\n');
  await closed;
  return text;
}
