// `closeWithGrace()` around `fastify.close()`, the Fastify example of its README.
import closeWithGrace from 'close-with-grace';
import Fastify from 'fastify';
import { addFastifyRoutes, host, port } from './app.js';

const fastify = Fastify();
addFastifyRoutes(fastify);
closeWithGrace(async () => {
  await fastify.close();
});
await fastify.listen({ port, host });
