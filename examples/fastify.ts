// One line more than any Fastify server: SIGTERM and SIGINT stop it without losing a request.
import Fastify from 'fastify';
import gracefulCluster from '@graceful-cluster/fastify';

const fastify = Fastify({ logger: { level: 'warn' } });
await fastify.register(gracefulCluster, { health: true });

fastify.get('/', async () => 'hello\n');

fastify.get<{ Querystring: { ms?: string } }>('/slow', (request, reply) => {
  setTimeout(() => reply.send('slow\n'), Number(request.query.ms ?? 800));
});

fastify.addHook('onClose', async () => {
  console.log('closed after the last request');
});

const address = await fastify.listen({ port: Number(process.env['PORT'] ?? 3000), host: '127.0.0.1' });
console.log(`listening on ${address}`);
