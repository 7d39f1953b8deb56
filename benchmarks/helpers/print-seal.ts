// Closes one listener, and prints how and why so.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createCoordinator } from '@graceful-cluster/core';

const coordinator = createCoordinator({ signals: [], exit: false });
const server = createServer();
coordinator.attach(server);
await once(server.listen(0, '127.0.0.1'), 'listening');
const { listeners } = await coordinator.shutdown();
console.log(listeners.map(({ seal, notes }) => [seal, ...notes].join('; ')).join('\n'));
