// A server for a container. The coordinator comes first: as process 1, the kernel drops a SIGTERM that comes before.
import { createServer } from 'node:http';
import { createCoordinator } from '@graceful-cluster/core';

const coordinator = createCoordinator();

const server = createServer((request, response) => {
  if (request.url === '/slow') setTimeout(() => response.end('slow\n'), 1_500);
  else response.end('hello\n');
});
coordinator.attach(server);
server.listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`listening on port ${server.address().port}`);
});
