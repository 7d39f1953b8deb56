// `stoppable(server)` and `server.stop()` on SIGTERM, without a limit, which is the default.
import { createServer } from 'node:http';
import stoppable from 'stoppable';
import { answer, host, port } from './app.js';

const server = stoppable(createServer(answer));
server.listen(port, host);
process.on('SIGTERM', () => {
  server.stop(() => process.exit(0));
});
