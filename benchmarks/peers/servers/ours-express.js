// `app.use(graceful())`.
import express from 'express';
import { graceful } from '@graceful-cluster/express';
import { addExpressRoutes, host, port } from './app.js';

const app = express();
app.use(graceful());
addExpressRoutes(app);
app.listen(port, host);
