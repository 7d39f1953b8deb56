// The plugin registered without options.
import Fastify from 'fastify';
import gracefulCluster from '@graceful-cluster/fastify';
import { addFastifyRoutes, host, port } from './app.js';

const fastify = Fastify();
await fastify.register(gracefulCluster);
addFastifyRoutes(fastify);
await fastify.listen({ port, host });
