// Fastify in CommonJS: no async/await at the top, no import.
const Fastify = require('fastify');
const gracefulCluster = require('@graceful-cluster/fastify');

const fastify = Fastify();
fastify.register(gracefulCluster);

fastify.get('/', async () => 'hello\n');

fastify.get('/slow', (request, reply) => {
  setTimeout(() => reply.send('slow\n'), Number(request.query.ms ?? 800));
});

fastify.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' }, (error, address) => {
  if (error) throw error;
  console.log(`listening on ${address}`);
});
