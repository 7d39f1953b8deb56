// No signal handler: SIGTERM ends the process, as it does by default.
import { createServer } from 'node:http';
import { answer, host, port } from './app.js';

createServer(answer).listen(port, host);
