import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Server } from 'node:net';
import * as core from '@graceful-cluster/core';

export interface GracefulOptions extends core.CoordinatorOptions {
  /** One's own: several servers in one shutdown. @defaultValue `getCoordinator()`, or a new one if it has options */
  readonly coordinator?: core.ShutdownCoordinator | undefined;
  /** The app's server. @defaultValue each that listens with this app, or with none that has `graceful()` itself */
  readonly server?: Server | undefined;
  /** Answers `/livez`, which stays 200 while draining, and `/readyz`, which turns 503. @defaultValue false */
  readonly health?: boolean | undefined;
}

/** Middleware for `app.use`, with the coordinator that stops the app's servers. */
export interface GracefulMiddleware {
  (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): void;
  readonly coordinator: core.ShutdownCoordinator;
}

type Take = (server: Server, sure: boolean) => void;
type Router = { stack: readonly unknown[] };
type App = { readonly router: Router; readonly _router?: Router };

/** By the app that each `graceful()` was mounted on; `takers` has those that were mounted elsewhere as well. */
const owners = new WeakMap<object, Take>();
const takers = new Set<Take>();
/** HTTP servers that listen, or did. */
const opened = new Set<WeakRef<Server>>();
/** Servers that were taken because nobody else wanted them. */
const guesses = new WeakMap<Server, { by: core.ShutdownCoordinator; detach: () => void }>();

subscribe('tracing:net.server.listen:asyncEnd', (message) => {
  const { server } = message as { readonly server: Server };
  for (const known of opened) if (known.deref() === undefined) opened.delete(known);
  if (server.listenerCount('request') === 0) return;
  opened.add(new WeakRef(server));
  offer(server);
});

/** To the `graceful()` of its app; if it has none, a turn later, to the others. Who attaches it until then has it. */
function offer(server: Server): void {
  const take = server.listeners('request').flatMap((app) => owners.get(app) ?? [])[0];
  if (take !== undefined) take(server, true);
  else setImmediate(() => takers.forEach((each) => each(server, false)));
}

/** Drains an Express app without losing a request: `app.use(graceful())`, before or after `listen`, is all. */
export function graceful(options: GracefulOptions = {}): GracefulMiddleware {
  const { coordinator: given, server: only, health = false, ...rest } = options;
  const own = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  const coordinator = given ?? findCoordinator(own);
  const [extra] = Object.keys(own);
  if (given !== undefined && extra !== undefined) {
    const why = `expected \`${extra}\` to be left out: the coordinator that is given has options of its own`;
    throw new core.GracefulTypeError('ERR_GRACEFUL_INVALID_OPTION', why);
  }

  const take: Take = (server, sure) => {
    if (only !== undefined && server !== only) return;
    const guess = guesses.get(server);
    if (sure && guess !== undefined && guess.by !== coordinator) guess.detach();
    try {
      const detach = coordinator.attach(server);
      if (!sure) guesses.set(server, { by: coordinator, detach });
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ERR_GRACEFUL_SERVER_OWNED') throw error;
    }
  };
  if (only !== undefined) coordinator.attach(only);
  takers.add(take);
  coordinator.on('stopped', () => takers.delete(take));
  const offerOpened = (): void =>
    opened.forEach((known) => known.deref()?.listening && offer(known.deref()!));
  setImmediate(offerOpened);

  let asked = false;
  const leave: (() => void)[] = [];
  const handle: (...args: Parameters<GracefulMiddleware>) => void = (request, response, next) => {
    if (!asked) {
      // It listened before this module was loaded.
      const { server } = request.socket as { readonly server?: unknown };
      if (server instanceof Server) take(server, false);
      asked = true;
    }
    if (!health) leave.splice(0).forEach((leaveOne) => leaveOne());
    if (!health || !answerHealth(request.url, response, coordinator)) next();
  };
  const middleware: typeof handle = (request, response, next) => handle(request, response, next);
  const mounted = (event: string, app: App): void => {
    if (event !== 'mount') return;
    // After the first request there is nothing left to do here, and Express takes a microsecond to come and see.
    const router = app._router ?? app.router;
    const layer = router.stack.at(-1);
    leave.push(() => void (router.stack = router.stack.filter((each) => each !== layer)));
    if (!owners.has(app)) owners.set(app, take);
    offerOpened();
  };
  // A function with these three is an app to Express, on 4 and 5: `app.use` tells it which app it was mounted on.
  return Object.assign(middleware, { coordinator, handle, set: () => {}, emit: mounted });
}

/** Several apps share a shutdown: no hook of one, such as closing a database, may run while another still answers. */
function findCoordinator(options: core.CoordinatorOptions): core.ShutdownCoordinator {
  const shared = Object.keys(options).length > 0 ? undefined : core.getCoordinator();
  return shared === undefined || shared.state === 'stopped' ? core.createCoordinator(options) : shared;
}

function answerHealth(url = '/', response: ServerResponse, coordinator: core.ShutdownCoordinator): boolean {
  const [path] = url.split('?', 1);
  if (path !== '/livez' && path !== '/readyz') return false;
  const ready = path === '/livez' || coordinator.ready;
  response.statusCode = ready ? 200 : 503;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ status: ready ? 'ok' : coordinator.state }));
  return true;
}

export default graceful;
