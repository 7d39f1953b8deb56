import { createServer as createHttp, type RequestListener, type Server } from 'node:http';
import { createSecureServer, createServer as createHttp2 } from 'node:http2';
import { createServer as createHttps } from 'node:https';
import type { ListenOptions } from 'node:net';
import {
  createCoordinator,
  getCoordinator,
  type CoordinatorOptions,
  type ShutdownCoordinator,
} from '@graceful-cluster/core';
import type { FastifyListenOptions } from 'fastify';
import { certificate as cert, key } from '../../test/fixtures/connections/certificate.ts';
import type { Protocol, Way } from '../scenario.ts';
import { handle } from './handler.ts';

export interface Served {
  readonly server: Server;
  /**
   * Under `--import` to be asked only once a server listens: core makes it then, with the options of the environment.
   */
  readonly coordinator: () => ShutdownCoordinator;
  /** Gives the server to the coordinator, where that comes after `listen`. */
  readonly attach?: () => void;
  readonly listen: (options: ListenOptions) => unknown;
}

const http2Handler = handle as never;

const make: Readonly<Record<Protocol, () => Server>> = {
  http: () => createHttp(handle),
  https: () => createHttps({ key, cert }, handle),
  h2c: () => createHttp2(http2Handler) as unknown as Server,
  h2: () => createSecureServer({ key, cert }, http2Handler) as unknown as Server,
};

function plain(server: Server, coordinator: Served['coordinator']): Served {
  return { server, coordinator, listen: (options) => server.listen(options) };
}

type Make = (protocol: Protocol, options: CoordinatorOptions) => Served | Promise<Served>;

const ways: Readonly<Record<Way, Make>> = {
  attach: (protocol, options) => {
    const coordinator = createCoordinator(options);
    const server = make[protocol]();
    coordinator.attach(server);
    return plain(server, () => coordinator);
  },
  late: (protocol, options) => {
    const server = make[protocol]();
    const coordinator = createCoordinator(options);
    return { ...plain(server, () => coordinator), attach: () => coordinator.attach(server) };
  },
  register: (protocol) => plain(make[protocol](), getCoordinator),
  'two copies': async (protocol, options) => {
    const { createCoordinator: createSecond } = (await import(process.env['CHAOS_SECOND_COPY'] ?? '')) as {
      readonly createCoordinator: typeof createCoordinator;
    };
    createSecond(options).attach(createHttp().listen(0, '127.0.0.1'));
    return ways.attach(protocol, options);
  },
  express: async (_protocol, options) => {
    const { default: express } = await import('express');
    const { graceful } = await import('@graceful-cluster/express');
    const middleware = graceful(options);
    const server = createHttp(express().use(middleware, handle) as RequestListener);
    return plain(server, () => middleware.coordinator);
  },
  fastify: async (_protocol, options) => {
    const { fastify } = await import('fastify');
    const { gracefulCluster } = await import('@graceful-cluster/fastify');
    const app = fastify({ forceCloseConnections: false });
    await app.register(gracefulCluster, options);
    app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    app.all('/*', (request, reply) => handle(request.raw, reply.hijack().raw));
    await app.ready();
    const listen = (where: ListenOptions): unknown => app.listen(where as FastifyListenOptions);
    return { server: app.server, coordinator: () => app.coordinator, listen };
  },
};

/** A server that does not listen yet, in the care of a coordinator. */
export async function serve(way: Way, protocol: Protocol, options: CoordinatorOptions): Promise<Served> {
  return ways[way](protocol, options);
}
