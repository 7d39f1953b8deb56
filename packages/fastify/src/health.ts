import type { HealthHandler } from '@graceful-cluster/core';
import type { FastifyInstance } from 'fastify';

export function addHealthRoutes(fastify: FastifyInstance, health: HealthHandler): void {
  for (const path of [health.live, health.ready]) {
    if (fastify.hasRoute({ method: 'GET', url: `${fastify.prefix}${path}` })) continue;
    fastify.get(path, async (_request, reply) => {
      const answer = await health.answer(path);
      if (answer !== undefined) reply.code(answer.statusCode);
      return answer?.body;
    });
  }
}
