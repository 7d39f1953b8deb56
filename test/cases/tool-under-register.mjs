// A command-line tool under `--import` had a server for a moment, to find a free port, and works on. Right: Ctrl-C ends it as in
// plain Node: by SIGINT, at once, and nothing on stderr.
import { once } from 'node:events';
import net from 'node:net';
import { control, play, role, sleep, verdict } from './lib.mjs';

if (role === undefined) {
  const its = await play('tool', { register: !control });
  await sleep(200);
  its.stop('SIGINT');
  const end = await its.exit;
  verdict(end === 'SIGINT' && its.err === '', `${end} after ${its.ms} ms ${its.err.trim()}`);
} else {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  await once(server.close(), 'close');
  process.send('working');
  setInterval(() => {}, 1000);
}
