import cluster from 'node:cluster';
import { createServer } from 'node:http';
import { createCoordinator, superviseCluster } from '@graceful-cluster/core';

if (cluster.isPrimary) {
  superviseCluster({ workers: Number(process.env['WORKERS'] ?? 2) });
  cluster.on('listening', (_worker, { address, port }) => {
    console.log(`listening on http://${address}:${port}`);
  });
} else {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname !== '/slow') {
      response.end('hello\n');
      return;
    }
    setTimeout(() => response.end('slow hello\n'), Number(searchParams.get('ms') ?? 800));
  });
  createCoordinator().attach(server);
  server.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1');
}
