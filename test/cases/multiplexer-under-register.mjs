// Looks at the first byte of a connection and gives it to an http.Server that never listens, with `--import` alone. A client
// asks again and again on one connection. Right: each request is answered, the last with `Connection: close`, exit 0 in no time.
import http from 'node:http';
import net from 'node:net';
import { control, handler, insist, play, role, serve, sleep, verdict } from './lib.mjs';

if (role === undefined) {
  const its = await play('program', { register: true });
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const outcome = insist(its.message, { agent }, 50);
  await sleep(500);
  its.stop();
  const code = await its.exit;
  const end = await outcome;
  const right = end === 'ECONNREFUSED' && code === 0 && its.ms < 3000;
  verdict(right, `answered until ${end}, exit ${code} after ${its.ms} ms ${its.err.trim()}`);
} else {
  const server = http.createServer(handler);
  const front = net.createServer((socket) => {
    socket.once('data', (bytes) => {
      socket.pause();
      socket.unshift(bytes);
      server.emit('connection', socket);
      socket.resume();
    });
  });
  await serve(control ? server : front);
  process.disconnect();
}
