import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Server } from 'node:net';
import { createCoordinator, type CoordinatorOptions, type ShutdownCoordinator } from '@graceful-cluster/core';
import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import fp from 'fastify-plugin';

declare module 'fastify' {
  interface FastifyInstance {
    readonly coordinator: ShutdownCoordinator;
  }
}

export interface GracefulClusterOptions extends CoordinatorOptions {
  /**
   * A coordinator of one's own, made with options of its own: several servers in one shutdown.
   * @defaultValue a new one for this instance
   */
  readonly coordinator?: ShutdownCoordinator | undefined;
  /**
   * Mounts `/livez`, which stays 200 while draining, and `/readyz`, which turns 503.
   * @defaultValue false
   */
  readonly health?: boolean | undefined;
}

const LISTEN = 'tracing:net.server.listen:asyncEnd';

const coordinators = new WeakMap<FastifyInstance, ShutdownCoordinator>();

/**
 * Drains a Fastify instance without losing a request: on a signal, and on the program's own `close()`, its listeners
 * close first, then its connections drain, and only then do `preClose` and `onClose` hooks run. Decorates
 * `fastify.coordinator`. All options of `createCoordinator` are taken; `logger` is `fastify.log` unless given.
 */
const plugin = async (fastify: FastifyInstance, options: GracefulClusterOptions): Promise<void> => {
  const { coordinator: given, health = false, ...rest } = options;
  const root = rootOf(fastify);
  const coordinator =
    coordinators.get(root) ?? given ?? createCoordinator({ logger: fastify.log, ...withoutPrefix(rest) });
  if (!fastify.hasDecorator('coordinator')) fastify.decorate('coordinator', coordinator);
  if (health) mountHealth(fastify, coordinator);
  if (coordinators.has(root)) return;
  coordinators.set(root, coordinator);
  drainBeforeClose(root, coordinator, given === undefined);
  followListeners(root, coordinator);
};

/** `close` of an encapsulated instance is inherited from the root, and so is what we put there. */
function rootOf(instance: FastifyInstance): FastifyInstance {
  const parent = Object.getPrototypeOf(instance) as FastifyInstance | null;
  return parent !== null && 'server' in parent ? rootOf(parent) : instance;
}

/**
 * `preClose` would be too late: by then Fastify answers 503. So the drain comes before Fastify's own close, which is the
 * last thing that the shutdown runs, after every `onShutdown` hook: pools are closed by `onClose` after the last request.
 */
function drainBeforeClose(root: FastifyInstance, coordinator: ShutdownCoordinator, owned: boolean): void {
  const close = root.close.bind(root) as () => Promise<undefined>;
  let closing: Promise<undefined> | undefined;
  const closeOnce = (): Promise<undefined> => (closing ??= close());
  const name = owned ? 'fastify' : `fastify ${(count += 1)}`;
  const forget = coordinator.onShutdown(name, closeOnce);
  const drainAndClose = async (): Promise<undefined> => {
    // Others share a coordinator that was given: it is theirs to stop.
    if (owned && coordinator.state !== 'cleanup') {
      await coordinator.shutdown('fastify.close()');
      coordinator.dispose();
    } else if (coordinator.state === 'running') {
      forget();
    }
    return closeOnce();
  };
  root.close = ((done?: () => void): Promise<undefined> | undefined => {
    const closed = drainAndClose();
    if (done === undefined) return closed;
    closed.then(done, done);
    return undefined;
  }) as typeof root.close;
}

let count = 0;

/** Fastify opens a second listener for `localhost`, with the request listener of the first (fastify/fastify#7043). */
function followListeners(root: FastifyInstance, coordinator: ShutdownCoordinator): void {
  coordinator.attach(root.server);
  const onListen = (message: unknown): void => {
    const { server } = message as { readonly server?: unknown };
    const [handler] = root.server.listeners('request');
    if (server instanceof Server && handler !== undefined && server.listeners('request').includes(handler)) {
      coordinator.attach(server);
    }
  };
  subscribe(LISTEN, onListen);
  root.addHook('onClose', async () => {
    unsubscribe(LISTEN, onListen);
  });
}

function mountHealth(fastify: FastifyInstance, coordinator: ShutdownCoordinator): void {
  fastify.get('/livez', async () => ({ status: 'ok' }));
  fastify.get('/readyz', async (_request, reply) => {
    if (!coordinator.ready) reply.code(503);
    return { status: coordinator.ready ? 'ready' : coordinator.state };
  });
}

function withoutPrefix(options: CoordinatorOptions & { readonly prefix?: string }): CoordinatorOptions {
  const { prefix: _, ...rest } = options;
  return rest;
}

export const gracefulCluster: FastifyPluginAsync<GracefulClusterOptions> = fp(plugin, {
  fastify: '5.x',
  name: '@graceful-cluster/fastify',
});
export default gracefulCluster;
export { gracefulCluster as 'module.exports' };
