// An ordinary cluster that stops the way most do.
import cluster from 'node:cluster';
import { createServer } from 'node:http';

if (cluster.isPrimary) {
  const workers = Number(process.env['WORKERS'] ?? 2);
  for (let number = 0; number < workers; number += 1) cluster.fork();
  cluster.on('listening', (_worker, { address, port }) => {
    console.log(`listening on http://${address}:${port}`);
  });
  process.on('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers ?? {})) worker?.kill('SIGTERM');
  });
} else {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const delay = Number(searchParams.get('ms') ?? 800);
    if (pathname === '/slow') setTimeout(() => response.end('slow hello\n'), delay);
    else response.end('hello\n');
  });
  server.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1');
  process.on('SIGTERM', () => {
    server.close(() => process.exit(0));
  });
}
