// Fastify in a cluster: the primary closes the listeners, and each worker joins its shutdown by itself.
import cluster from 'node:cluster';
import Fastify from 'fastify';
import gracefulCluster, { superviseCluster } from '@graceful-cluster/fastify';

if (cluster.isPrimary) {
  superviseCluster({ workers: 2 });
  cluster.on('listening', (_worker, { address, port }) => {
    console.log(`listening on http://${address}:${port}`);
  });
} else {
  const fastify = Fastify();
  await fastify.register(gracefulCluster);

  fastify.get('/', async () => 'hello\n');
  fastify.get<{ Querystring: { ms?: string } }>('/slow', (request, reply) => {
    setTimeout(() => reply.send('slow\n'), Number(request.query.ms ?? 800));
  });

  await fastify.listen({ port: Number(process.env['PORT'] ?? 3000), host: '127.0.0.1' });
}
