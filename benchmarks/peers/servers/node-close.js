// `server.close()` on SIGTERM, and the end of the process when it is done, as the Node documentation shows it.
import { createServer } from 'node:http';
import { answer, host, port } from './app.js';

const server = createServer(answer).listen(port, host);
process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
});
