// The primary retires its first worker with `worker.disconnect()`, and one second later with `worker.kill()`, as Node's own page
// shows it; the worker has a timer. Right: the worker ends at the kill, not at the deadline.
import cluster from 'node:cluster';
import http from 'node:http';
import { control, handler, play, role, sleep, verdict } from '../lib.mjs';

if (role === undefined) {
  const its = await play('program', { register: !control, detached: true });
  its.child.kill('SIGUSR2');
  await sleep(4000);
  its.stop();
  const code = await its.exit;
  const ms = Number(/retired after (\d+)/.exec(its.out)?.[1] ?? Infinity);
  verdict(ms < 2000 && (control || code === 0), `worker gone after ${ms} ms, exit ${code} ${its.err.trim()}`);
} else if (cluster.isPrimary) {
  const worker = cluster.fork();
  cluster.once('listening', (ignored, { port }) => process.send(port));
  process.on('SIGUSR2', () => {
    const began = performance.now();
    worker.on('exit', () => console.log('retired after', Math.round(performance.now() - began)));
    worker.disconnect();
    setTimeout(() => worker.kill(), 1000);
  });
} else {
  setInterval(() => {}, 1000);
  http.createServer(handler).listen(0, '127.0.0.1');
}
