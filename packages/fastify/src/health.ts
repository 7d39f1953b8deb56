import type { ShutdownCoordinator } from '@graceful-cluster/core';
import type { FastifyInstance } from 'fastify';

export function addHealthRoutes(fastify: FastifyInstance, coordinator: ShutdownCoordinator): void {
  if (fastify.hasRoute({ method: 'GET', url: `${fastify.prefix}/livez` })) return;
  fastify.get('/livez', async () => ({ status: 'ok' }));
  fastify.get('/readyz', async (_request, reply) => {
    if (!coordinator.ready) reply.code(503);
    return { status: coordinator.ready ? 'ready' : coordinator.state };
  });
}
