// `createCoordinator().attach(server)`.
import { createServer } from 'node:http';
import { createCoordinator } from '@graceful-cluster/core';
import { answer, host, port } from './app.js';

const server = createServer(answer);
createCoordinator().attach(server);
server.listen(port, host);
