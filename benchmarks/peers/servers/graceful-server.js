// `GracefulServer(server)` and `setReady()` once it listens, as its example for an HTTP server has it.
import { createServer } from 'node:http';
import GracefulServer from '@gquittet/graceful-server';
import { answer, host, port } from './app.js';

const server = createServer(answer);
const gracefulServer = GracefulServer(server);
server.listen(port, host, () => gracefulServer.setReady());
