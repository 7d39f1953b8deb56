import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Server } from 'node:net';
import { createCoordinator, type CoordinatorOptions, type ShutdownCoordinator } from '@graceful-cluster/core';

export interface GracefulOptions extends CoordinatorOptions {
  /**
   * A coordinator of one's own, made with options of its own: several servers in one shutdown.
   * @defaultValue a new one for this app
   */
  readonly coordinator?: ShutdownCoordinator | undefined;
  /**
   * The app's server, where it cannot be found by itself.
   * @defaultValue every server that listens with this app, or with no app that has `graceful()` of its own
   */
  readonly server?: Server | undefined;
  /**
   * Answers `/livez`, which stays 200 while draining, and `/readyz`, which turns 503.
   * @defaultValue false
   */
  readonly health?: boolean | undefined;
}

/** Middleware for `app.use`, with the coordinator that stops the app's servers. */
export interface GracefulMiddleware {
  (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): void;
  readonly coordinator: ShutdownCoordinator;
}

type App = (...args: never[]) => unknown;

const LISTEN = 'tracing:net.server.listen:asyncEnd';

/** Apps that have `graceful()` of their own, so that another one lets their servers be. */
const owners = new Map<App, ShutdownCoordinator>();

/**
 * Drains an Express app without losing a request. `app.use(graceful())` is all, anywhere among the middleware, before or
 * after `listen`. All options of `createCoordinator` are taken.
 */
export function graceful(options: GracefulOptions = {}): GracefulMiddleware {
  const { coordinator: given, server, health = false, ...rest } = options;
  const coordinator = given ?? createCoordinator(rest);
  if (server !== undefined) coordinator.attach(server);

  const onListen = (message: unknown): void => {
    const { server: opened } = message as { readonly server?: unknown };
    if (isHttpServer(opened)) attachIfOurs(opened);
  };

  function attachIfOurs(candidate: Server): void {
    const owner = candidate
      .listeners('request')
      .map((listener) => owners.get(listener as App))
      .find((each) => each !== undefined);
    if (owner !== undefined && owner !== coordinator) return;
    try {
      coordinator.attach(candidate);
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ERR_GRACEFUL_SERVER_OWNED') throw error;
    }
  }

  if (server === undefined) {
    subscribe(LISTEN, onListen);
    coordinator.on('stopped', () => unsubscribe(LISTEN, onListen));
  }

  const handle = (
    request: IncomingMessage,
    response: ServerResponse,
    next: (error?: unknown) => void,
  ): void => {
    if (health && answerHealth(request, response, coordinator)) return;
    next();
  };
  const middleware = (...[request, response, next]: Parameters<typeof handle>): void => {
    handle(request, response, next);
  };
  // A function with these three is an app to Express, on 4 and 5: `app.use` tells it which app it was mounted on.
  return Object.assign(middleware, {
    coordinator,
    handle,
    set: () => {},
    emit: (event: string, app: App) => {
      if (event === 'mount') owners.set(app, coordinator);
    },
  });
}

function isHttpServer(server: unknown): server is Server {
  return server instanceof Server && server.listenerCount('request') > 0;
}

function answerHealth(
  { url }: IncomingMessage,
  response: ServerResponse,
  coordinator: ShutdownCoordinator,
): boolean {
  if (url !== '/livez' && url !== '/readyz') return false;
  const ready = url === '/livez' || coordinator.ready;
  response.statusCode = ready ? 200 : 503;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ status: ready ? 'ok' : coordinator.state }));
  return true;
}

export default graceful;
