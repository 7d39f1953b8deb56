import type { Server } from 'node:net';
import type { ShutdownCoordinator } from '@graceful-cluster/core';
import { onServerListening } from '@graceful-cluster/core/adapter';
import type { FastifyInstance } from 'fastify';

/** Methods that Fastify calls on a second server of its own as soon as the first one is closed. */
const CLOSING_METHODS = ['close', 'closeAllConnections', 'closeHttp2Sessions'] as const;

type ClosingMethod = ((done?: unknown) => unknown) | undefined;

/** The servers of one Fastify instance: for `localhost` it opens a second one (fastify/fastify#7043). */
export interface FastifyServers {
  /** Gives all of them to another coordinator. */
  readonly moveTo: (other: ShutdownCoordinator) => void;
  readonly stopWatching: () => void;
}

export function attachServers(root: FastifyInstance, coordinator: ShutdownCoordinator): FastifyServers {
  const detach = new Map<Server, () => void>();
  /** Fastify's own request listener, which all of its servers have. */
  const routing: unknown = Reflect.get(root, 'routing');
  let drainer = coordinator;

  const onListening = (server: Server): void => {
    const isOurs = server.listeners('request').some((listener) => listener === routing);
    if (!isOurs || detach.has(server)) return;
    postponeClosing(server);
    detach.set(server, coordinator.attach(server));
  };

  /** Makes Fastify's close of a second server, which it begins once the first is closed, wait for the drain. */
  function postponeClosing(server: Server): void {
    const methods = server as unknown as Record<string, ClosingMethod>;
    for (const name of CLOSING_METHODS) {
      const method = methods[name]?.bind(server);
      if (method !== undefined) methods[name] = (done) => whenDrained(() => method(done));
    }
  }

  function whenDrained(run: () => void): void {
    if (!['delaying', 'closing', 'draining'].includes(drainer.state)) {
      run();
      return;
    }
    drainer.on('state', ({ state }) => {
      if (state === 'cleanup') run();
    });
  }

  detach.set(root.server, coordinator.attach(root.server));
  const stopWatching = onServerListening(onListening);

  return {
    moveTo: (other) => {
      for (const detachOne of detach.values()) detachOne();
      drainer = other;
      for (const server of detach.keys()) other.attach(server);
    },
    stopWatching,
  };
}
