// A worker has two coordinators with a server each, and each server has five requests in flight when the cluster stops.
// Right: all answered, exit 0, and the primary's report has 10 in flight and 10 served.
import cluster from 'node:cluster';
import http from 'node:http';
import { createCoordinator, superviseCluster } from '@graceful-cluster/core';
import { ask, control, handler, play, reportIn, role, sleep, verdict } from '../lib.mjs';

if (role === undefined) {
  const program = await play('program', { detached: true });
  const [short, long] = program.message;
  const clients = Array.from({ length: 5 }, () => [ask(short, '/slow?ms=800'), ask(long, '/slow?ms=1800')]);
  await sleep(400);
  program.stop();
  const code = await program.exit;
  const outcomes = await Promise.all(clients.flat());
  const answered = outcomes.filter((outcome) => outcome === 200).length;
  const { clean, requests } = reportIn(program.out);
  const right = answered === 10 && code === 0 && clean && requests.inFlight === 10 && requests.served === 10;
  const text = `${answered} of 10 answered, exit ${code}, clean ${clean}, ${JSON.stringify(requests)}`;
  verdict(right, text);
} else if (cluster.isPrimary) {
  superviseCluster({ workers: 1 }).on('stopped', ({ clean, requests }) =>
    console.log('report', JSON.stringify({ clean, requests })),
  );
  cluster.on('message', (worker, ports) => process.send(ports));
} else {
  const servers = [http.createServer(handler), http.createServer(handler)];
  const coordinator = createCoordinator();
  coordinator.attach(servers[0]);
  (control ? coordinator : createCoordinator()).attach(servers[1]);
  for (const server of servers) await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.send(servers.map((server) => server.address().port));
}
