// `pm2-runtime -i 2`, PM2 for the foreground; SIGINT in a worker calls `server.close()`, as its documentation asks.
import { createServer } from 'node:http';
import { answer, host, port } from './app.js';

const server = createServer(answer).listen(port, host);
process.on('SIGINT', () => {
  server.close(() => process.exit(0));
});
