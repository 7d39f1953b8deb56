import type { IncomingMessage, ServerResponse } from 'node:http';
import { Server } from 'node:net';
import {
  healthHandler,
  type CoordinatorOptions,
  type HealthOptions,
  type ShutdownCoordinator,
} from '@graceful-cluster/core';
import { checkHealthOption, checkOptionNames, optionNames } from '@graceful-cluster/core/adapter';
import { findCoordinator } from './coordinator.ts';
import { createMount, refuseMount } from './mount.ts';
import { claimServers } from './servers.ts';

export interface GracefulOptions extends CoordinatorOptions {
  /**
   * A coordinator that you made yourself, to stop several servers in one shutdown.
   * @defaultValue `getCoordinator()`, or a new one if there are coordinator options
   */
  readonly coordinator?: ShutdownCoordinator | undefined;
  /**
   * The app's server, where it cannot be found.
   * @defaultValue each that listens with this app, or with a handler that no other `graceful()` belongs to
   */
  readonly server?: Server | undefined;
  /**
   * Answers `/livez`, which stays 200 while draining, and `/readyz`, which turns 503; or `{ live, ready, checks }`,
   * the options of `healthHandler`.
   * @defaultValue false
   */
  readonly health?: boolean | HealthOptions | undefined;
}

/** Middleware for `app.use`, with the coordinator that stops the app's servers. */
export interface GracefulMiddleware {
  (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): void;
  readonly coordinator: ShutdownCoordinator;
}

type Handle = (...args: Parameters<GracefulMiddleware>) => void;

/** The options of `graceful()`, its own first. */
const NAMES = ['health', 'server', 'coordinator', ...optionNames];

/**
 * Drains an Express app without losing a request: `app.use(graceful())`, before or after `listen`, is all.
 *
 * @throws ERR_GRACEFUL_INVALID_OPTION, ERR_GRACEFUL_INVALID_ARGUMENT, ERR_GRACEFUL_SERVER_OWNED
 */
export function graceful(
  ...args: [options?: GracefulOptions | undefined] | [options: GracefulOptions]
): GracefulMiddleware {
  // A union of tuples, so that `app.use(graceful)` does not compile: TypeScript compares one with all parameters of a
  // handler, while a plain parameter matches the `err: any` of Express's error handlers.
  const [options = {}] = args;
  checkOptionNames(options, NAMES, 'app.use(graceful())');
  const { coordinator: given, server: only, health: wanted = false, ...rest } = options;
  checkHealthOption(wanted);
  const coordinator = findCoordinator(given, rest);
  const health = wanted === false ? undefined : healthHandler(coordinator, wanted === true ? {} : wanted);
  const claim = claimServers(coordinator, only);
  const mount = createMount(claim, only !== undefined);
  let seen = false;

  const handle: Handle = (request, response, next) => {
    if (!seen) {
      seen = true;
      // A server that listened before this module was loaded.
      const { server } = request.socket as { readonly server?: unknown };
      if (server instanceof Server) claim.take(server, 'guessed');
    }
    if (health !== undefined) {
      health(request, response, next);
      return;
    }
    mount.leave();
    next();
  };
  const middleware: Handle = (request, response, next) => handle(request, response, next);
  return Object.assign(middleware, { coordinator, handle, ...mount.appMethods });
}

refuseMount(graceful);

// A strict package manager gives a program only what it asked for itself: the adapter is enough,
// and there is one copy of core.
export {
  createCoordinator,
  getCoordinator,
  GracefulError,
  GracefulTypeError,
  healthHandler,
  superviseCluster,
  type ClusterSupervisor,
  type CoordinatorOptions,
  type ShutdownCoordinator,
  type ShutdownReport,
  type SupervisorOptions,
} from '@graceful-cluster/core';

export default graceful;
