// Compiled, never run: none of this needs a cast.
import { createServer } from 'node:https';
import type { ShutdownCoordinator } from '@graceful-cluster/core';
import { graceful, type GracefulOptions } from '@graceful-cluster/express';
import gracefulCluster, { type GracefulClusterOptions } from '@graceful-cluster/fastify';
import express from 'express';
import Fastify, { type FastifyInstance, type FastifyPluginAsync } from 'fastify';

const options: GracefulClusterOptions & GracefulOptions = {
  timeout: 5_000,
  shutdownDelay: { max: 1_000, quiet: 100 },
  health: true,
  coordinator: undefined,
};

const fastify = Fastify();
await fastify.register(gracefulCluster);
await fastify.register(gracefulCluster, options);
const coordinator: ShutdownCoordinator = fastify.coordinator;
coordinator.onShutdown('database', async (reason) => reason.length);
const scoped: FastifyPluginAsync = async (scope) => {
  await scope.register(gracefulCluster, { health: true, prefix: '/internal', logLevel: 'warn' });
  scope.log.info(scope.coordinator.state);
};
await fastify.register(scoped, { prefix: '/api' });

await Fastify({ http2: true }).register(gracefulCluster, options);
await Fastify({ https: {} }).register(gracefulCluster, options);
await Fastify({ http2: true, https: {} }).register(gracefulCluster, options);
await Fastify({ logger: true }).withTypeProvider().register(gracefulCluster, options);

// @ts-expect-error it is a boolean
await fastify.register(gracefulCluster, { health: 'yes' });
// @ts-expect-error there is no such option
await fastify.register(gracefulCluster, { timeuot: 1 });
// @ts-expect-error it is decorated, not assigned
fastify.coordinator = coordinator;

export const instance: FastifyInstance = fastify;

const app = express();
const middleware = graceful(options);
app.use(middleware);
app.use('/api', graceful());
express.Router().use(graceful({ coordinator }));
graceful({ server: createServer(app) }).coordinator.onShutdown('database', () => {});

const [given]: Parameters<typeof graceful> = [{ timeout: 5_000 }];
graceful(given);
graceful(undefined);

// @ts-expect-error there is no such option
graceful({ timeuot: 1 });
// @ts-expect-error it has to be called
app.use(graceful);
// @ts-expect-error it has to be called
app.use('/api', graceful);
// @ts-expect-error it has to be called
app.get('/', graceful);
// @ts-expect-error it has to be called
express.Router().use(graceful);
// @ts-expect-error it is one of Node's servers
graceful({ server: app });
