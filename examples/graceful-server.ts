import { createServer } from 'node:http';
import { createCoordinator } from '@graceful-cluster/core';

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  if (pathname !== '/slow') {
    response.end('hello\n');
    return;
  }
  setTimeout(() => response.end('slow hello\n'), Number(searchParams.get('ms') ?? 800));
});

const coordinator = createCoordinator();
coordinator.attach(server);

server.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') {
    console.log(`listening on http://127.0.0.1:${address.port}`);
  }
});
