// A server for a pod. From SIGTERM on /readyz answers 503 and requests are served for at least 5 s: so long it may take
// until the last node has learned that the pod goes.
import { createServer } from 'node:http';
import { createCoordinator } from '@graceful-cluster/core';

const coordinator = createCoordinator({
  shutdownDelay: { min: 5_000, max: 15_000, quiet: 2_000 },
  timeout: 28_000,
});

const server = createServer((request, response) => {
  if (request.url === '/livez') response.end();
  else if (request.url === '/readyz') response.writeHead(coordinator.ready ? 200 : 503).end();
  else response.end('hello\n');
});
coordinator.attach(server);
server.listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`listening on port ${server.address().port}`);
});
