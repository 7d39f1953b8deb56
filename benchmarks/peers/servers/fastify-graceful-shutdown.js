// The plugin registered without options, as its README shows it.
import Fastify from 'fastify';
import gracefulShutdown from 'fastify-graceful-shutdown';
import { addFastifyRoutes, host, port } from './app.js';

const fastify = Fastify();
await fastify.register(gracefulShutdown);
addFastifyRoutes(fastify);
await fastify.listen({ port, host });
