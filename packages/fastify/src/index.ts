import cluster from 'node:cluster';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Server } from 'node:net';
import * as core from '@graceful-cluster/core';
import type { FastifyInstance, FastifyPluginAsync, FastifyPluginOptions } from 'fastify';
import fp from 'fastify-plugin';

declare module 'fastify' {
  interface FastifyInstance {
    readonly coordinator: core.ShutdownCoordinator;
  }
}

export interface GracefulClusterOptions extends core.CoordinatorOptions {
  /** One's own coordinator, with options of its own: several servers in one shutdown. @defaultValue a new one */
  readonly coordinator?: core.ShutdownCoordinator | undefined;
  /** Mounts `/livez`, which stays 200 while draining, and `/readyz`, which turns 503. @defaultValue false */
  readonly health?: boolean | undefined;
}

type Method = ((done?: unknown) => unknown) | undefined;
type Plugin = FastifyPluginAsync<GracefulClusterOptions>;

const LISTEN = 'tracing:net.server.listen:asyncEnd';
const coordinators = new WeakMap<FastifyInstance, core.ShutdownCoordinator>();
let shared = 0;

const plugin = async (fastify: FastifyInstance, options: GracefulClusterOptions): Promise<void> => {
  const { coordinator: given, health = false, ...rest } = options;
  const { prefix: _, logLevel: __, logSerializers: ___, ...own } = rest as FastifyPluginOptions;
  const root = rootOf(fastify);
  const known = coordinators.get(root);
  const set = Object.entries(own).find(([, value]) => value !== undefined);
  const extra = known !== undefined && given !== known ? 'coordinator' : set?.[0];
  if (given !== undefined && extra !== undefined) {
    const rule = 'to be left out: there is a coordinator already, with options of its own';
    throw new core.GracefulTypeError('ERR_GRACEFUL_INVALID_OPTION', `expected \`${extra}\` ${rule}`);
  }
  const coordinator = known ?? given ?? core.createCoordinator({ logger: fastify.log, ...own });
  if (known === undefined) {
    coordinators.set(root, coordinator);
    root.decorate('coordinator', coordinator);
    protect(root, coordinator, given === undefined);
  }
  if (!health || fastify.hasRoute({ method: 'GET', url: `${fastify.prefix}/livez` })) return;
  fastify.get('/livez', async () => ({ status: 'ok' }));
  fastify.get('/readyz', async (_request, reply) => {
    if (!coordinator.ready) reply.code(503);
    return { status: coordinator.ready ? 'ready' : coordinator.state };
  });
};

/** `close` of an encapsulated instance is inherited from the root, and so is what we put there. */
function rootOf(instance: FastifyInstance): FastifyInstance {
  const parent = Object.getPrototypeOf(instance) as FastifyInstance | null;
  return parent !== null && 'server' in parent ? rootOf(parent) : instance;
}

/** `preClose` would be too late: by then Fastify answers 503. So the drain comes before all of Fastify's own close. */
function protect(root: FastifyInstance, coordinator: core.ShutdownCoordinator, owned: boolean): void {
  const close = root.close.bind(root) as () => Promise<undefined>;
  const detach = new Map<Server, () => void>();
  let drainer = coordinator;
  let closed: Promise<undefined> | undefined;
  const closeOnce = (): Promise<undefined> => (closed ??= close());
  const forget = coordinator.onShutdown(owned ? 'fastify' : `fastify ${(shared += 1)}`, closeOnce);

  /** A coordinator that was given is not ours to stop: our servers leave it and drain by themselves. */
  const leave = async (): Promise<undefined> => {
    forget();
    for (const leaveOne of detach.values()) leaveOne();
    drainer = core.createCoordinator({ signals: [], exit: false });
    for (const server of detach.keys()) drainer.attach(server);
    await drainer.shutdown('fastify.close()');
    drainer.dispose();
    return close();
  };
  const drainAndClose = async (): Promise<undefined> => {
    if (coordinator.state === 'cleanup') return closeOnce();
    if (!owned && coordinator.state === 'running') return (closed ??= coordinator.track(leave()));
    await coordinator.shutdown('fastify.close()');
    // A cluster's primary has yet to hear that this worker is done.
    if (owned && !cluster.isWorker) coordinator.dispose();
    return closeOnce();
  };
  root.close = ((done?: (error?: Error) => void): Promise<undefined> | undefined => {
    const all = drainAndClose();
    if (done === undefined) return all;
    all.then(() => done(), done);
    return undefined;
  }) as typeof root.close;

  /** Fastify opens another one for `localhost`, and closes it once the first is closed (fastify/fastify#7043). */
  const onListen = (message: unknown): void => {
    const { server } = message as { readonly server: Server & Record<string, Method> };
    const isOurs = server.listeners('request').some((listener) => listener === handler);
    if (!isOurs || detach.has(server)) return;
    for (const name of ['close', 'closeAllConnections', 'closeHttp2Sessions']) {
      const method = server[name]?.bind(server);
      if (method) server[name] = (done) => whenDrained(() => method(done));
    }
    detach.set(server, coordinator.attach(server));
  };
  const whenDrained = (run: () => void): void => {
    if (!/delaying|closing|draining/.test(drainer.state)) run();
    else drainer.on('state', ({ state }) => state === 'cleanup' && run());
  };
  const handler: unknown = Reflect.get(root, 'routing');
  detach.set(root.server, coordinator.attach(root.server));
  subscribe(LISTEN, onListen);
  root.addHook('onClose', async () => void unsubscribe(LISTEN, onListen));
}

const wrapped: Plugin = fp(plugin, { fastify: '5.x', name: '@graceful-cluster/fastify' });
/** On a signal, and on the program's own `close()`: listeners, then connections, then `preClose` and `onClose` hooks. */
export const gracefulCluster: Plugin & { readonly gracefulCluster: Plugin; readonly default: Plugin } =
  Object.assign(wrapped, { gracefulCluster: wrapped, default: wrapped });
export default gracefulCluster;
export { gracefulCluster as 'module.exports' };
