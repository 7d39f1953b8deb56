// `createLightship()` and a shutdown handler that calls `server.close()`, as its Express example has it.
import express from 'express';
import { createLightship } from 'lightship';
import { addExpressRoutes, host, port } from './app.js';

const app = express();
addExpressRoutes(app);
const lightship = await createLightship();
const server = app.listen(port, host, () => lightship.signalReady());
lightship.registerShutdownHandler(() => {
  server.close();
});
