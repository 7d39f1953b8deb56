// `createTerminus(server)` as its README shows it, with the defaults: SIGTERM, 1 s for the connections.
import { createServer } from 'node:http';
import terminus from '@godaddy/terminus';
import { answer, host, port } from './app.js';

const server = createServer(answer);
terminus.createTerminus(server, {
  healthChecks: { '/healthcheck': () => Promise.resolve() },
  onSignal: () => Promise.resolve(),
});
server.listen(port, host);
