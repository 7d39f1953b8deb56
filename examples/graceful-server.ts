// The same server with two lines more, and without its own way to stop.
import { createServer } from 'node:http';
import { createCoordinator } from '@graceful-cluster/core';

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  if (pathname === '/slow') setTimeout(() => response.end('slow\n'), Number(searchParams.get('ms') ?? 800));
  else response.end('hello\n');
});

server.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1', () => {
  const address = server.address();
  console.log(`listening on http://127.0.0.1:${typeof address === 'object' ? address?.port : address}`);
});

const coordinator = createCoordinator();
coordinator.attach(server);
