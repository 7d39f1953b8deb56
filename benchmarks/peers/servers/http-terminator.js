// `createHttpTerminator({ server })` and `terminate()` on SIGTERM, with the default limit.
import { createServer } from 'node:http';
import { createHttpTerminator } from 'http-terminator';
import { answer, host, port } from './app.js';

const server = createServer(answer);
const httpTerminator = createHttpTerminator({ server });
server.listen(port, host);
process.on('SIGTERM', async () => {
  await httpTerminator.terminate();
  process.exit(0);
});
