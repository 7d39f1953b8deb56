// `gracefulShutdown(server)`, the basic usage of its README.
import { createServer } from 'node:http';
import gracefulShutdown from 'http-graceful-shutdown';
import { answer, host, port } from './app.js';

const server = createServer(answer).listen(port, host);
gracefulShutdown(server);
