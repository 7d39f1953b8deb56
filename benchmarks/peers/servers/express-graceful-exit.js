// Its middleware, and its exit handler on SIGTERM with the two options that its README recommends.
import express from 'express';
import gracefulExit from 'express-graceful-exit';
import { addExpressRoutes, host, port } from './app.js';

const app = express();
const server = app.listen(port, host);
gracefulExit.init(server);
app.use(gracefulExit.middleware(app));
addExpressRoutes(app);
process.on('SIGTERM', () => {
  gracefulExit.gracefulExitHandler(app, server, { performLastRequest: true, errorDuringExit: true });
});
