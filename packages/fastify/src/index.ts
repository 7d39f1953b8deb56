import {
  createCoordinator,
  getCoordinator,
  GracefulError,
  GracefulTypeError,
  healthHandler,
  superviseCluster,
  type ShutdownCoordinator,
} from '@graceful-cluster/core';
import { checkHealthOption } from '@graceful-cluster/core/adapter';
import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import fp from 'fastify-plugin';
import { drainBeforeClose } from './close.ts';
import { findCoordinator, rootOf } from './coordinator.ts';
import { addHealthRoutes } from './health.ts';
import type { GracefulClusterOptions } from './options.ts';

export type { GracefulClusterOptions } from './options.ts';

declare module 'fastify' {
  interface FastifyInstance {
    readonly coordinator: ShutdownCoordinator;
  }
}

type Plugin = FastifyPluginAsync<GracefulClusterOptions>;

const plugin = async (fastify: FastifyInstance, options: GracefulClusterOptions): Promise<void> => {
  const { health = false } = options;
  checkHealthOption(health);
  const root = rootOf(fastify);
  const { coordinator, isNew, isOwn } = findCoordinator(fastify, root, options);
  if (isNew) {
    root.decorate('coordinator', coordinator);
    drainBeforeClose(root, coordinator, isOwn);
  }
  if (health !== false) addHealthRoutes(fastify, healthHandler(coordinator, health === true ? {} : health));
};

/** Not async: `register(gracefulCluster())` throws at that line. */
const checked: Plugin = (fastify: FastifyInstance | undefined, options) => {
  if (fastify !== undefined) return plugin(fastify, options);
  const message = 'gracefulCluster is the plugin itself: pass it without a call, register(gracefulCluster)';
  throw new GracefulTypeError('ERR_GRACEFUL_INVALID_ARGUMENT', message);
};

const wrapped: Plugin = fp(checked, { fastify: '5.x', name: '@graceful-cluster/fastify' });

/** `require()` gives the plugin itself, so what else this module exports hangs on it too. */
interface Module {
  readonly gracefulCluster: Plugin;
  readonly default: Plugin;
  readonly createCoordinator: typeof createCoordinator;
  readonly getCoordinator: typeof getCoordinator;
  readonly healthHandler: typeof healthHandler;
  readonly superviseCluster: typeof superviseCluster;
  readonly GracefulError: typeof GracefulError;
  readonly GracefulTypeError: typeof GracefulTypeError;
}

/**
 * Fastify plugin. On a signal, and when the program calls `close()`, it closes the listeners, runs the
 * `preClose` hooks, drains the connections, and only then lets Fastify close itself and run its `onClose` hooks.
 *
 * @throws ERR_GRACEFUL_INVALID_OPTION, ERR_GRACEFUL_INVALID_ARGUMENT
 */
export const gracefulCluster: Plugin & Module = Object.assign(wrapped, {
  gracefulCluster: wrapped,
  default: wrapped,
  createCoordinator,
  getCoordinator,
  healthHandler,
  superviseCluster,
  GracefulError,
  GracefulTypeError,
});

// A strict package manager gives a program only what it asked for itself: the adapter is enough, and there is one copy
// of core.
export {
  createCoordinator,
  getCoordinator,
  GracefulError,
  GracefulTypeError,
  healthHandler,
  superviseCluster,
};
export type {
  ClusterSupervisor,
  CoordinatorOptions,
  ShutdownCoordinator,
  ShutdownReport,
  SupervisorOptions,
} from '@graceful-cluster/core';

export default gracefulCluster;
export { gracefulCluster as 'module.exports' };
