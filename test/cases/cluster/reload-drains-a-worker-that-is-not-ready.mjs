// In a reload the new worker listens and says that it is not ready, for longer than it may. Right: the reload fails, and the requests
// that the new worker had by then are all answered.
import cluster from 'node:cluster';
import http from 'node:http';
import { createCoordinator, superviseCluster } from '@graceful-cluster/core';
import { ask, control, handler, play, role, sleep, verdict } from '../lib.mjs';

if (role === undefined) {
  const its = await play('program', { detached: true });
  const outcomes = [];
  let over = false;
  const client = async () => {
    while (!over) outcomes.push(await ask(its.message, '/slow?ms=200'));
  };
  const clients = Array.from({ length: 8 }, client);
  its.child.kill('SIGUSR2');
  await sleep(3000);
  over = true;
  await Promise.all(clients);
  its.stop();
  const code = await its.exit;
  const lost = outcomes.filter((outcome) => outcome !== 200);
  const right = lost.length === 0 && code === 0 && its.out.includes(control ? 'reloaded' : 'not reloaded');
  verdict(right, `${outcomes.length} asked, ${lost.length} lost, exit ${code}, ${its.out.trim()}`);
} else if (cluster.isPrimary) {
  const supervisor = superviseCluster({ workers: 1, readyTimeout: 1500 });
  cluster.once('listening', (worker, { port }) => process.send(port));
  process.on('SIGUSR2', () => {
    supervisor.reload().then(
      () => console.log('reloaded'),
      () => console.log('not reloaded'),
    );
  });
} else {
  const coordinator = createCoordinator();
  const server = http.createServer(handler);
  coordinator.attach(server);
  if (cluster.worker.id > 1 && !control) coordinator.setReady(false);
  server.listen(0, '127.0.0.1');
}
