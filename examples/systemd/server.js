// A cluster under systemd: with web.socket it takes the socket that systemd holds, without it opens a port of its own.
// `systemctl reload web` replaces the workers one by one.
import cluster from 'node:cluster';
import { createServer } from 'node:http';
import { createCoordinator, listenFds, superviseCluster } from '@graceful-cluster/core';

if (cluster.isPrimary) superviseCluster({ workers: 2, reloadSignal: 'SIGHUP' });
else serve();

function serve() {
  const server = createServer((request, response) => {
    if (request.url === '/slow') setTimeout(() => response.end('slow\n'), 1_500);
    else response.end('hello\n');
  });
  createCoordinator().attach(server);
  const [socket] = listenFds();
  server.listen(socket === undefined ? { port: Number(process.env.PORT ?? 8080) } : { fd: socket.fd });
}
