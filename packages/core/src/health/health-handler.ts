import type { IncomingMessage, ServerResponse } from 'node:http';
import { checkCoordinator } from '../api/check-coordinator.ts';
import type { ShutdownCoordinator } from '../api/coordinator.ts';
import { invalid } from '../api/option-values.ts';
import {
  markHealthHandler,
  type HealthAnswer,
  type HealthHandler,
  type HealthOptions,
} from '../api/health.ts';
import { checkOptionNames } from '../api/option-names.ts';
import { createDeadline } from '../clock.ts';

const names = ['live', 'ready', 'checks', 'checkTimeout'];

type Checks = NonNullable<HealthOptions['checks']>;

/**
 * Answers questions about health: for a plain `node:http` server, as middleware, or on a port of its own, which no
 * adapter and no `--import` takes for the program's server, so that it answers until the process ends.
 *
 * @throws ERR_GRACEFUL_INVALID_OPTION, ERR_GRACEFUL_INVALID_ARGUMENT
 */
export function healthHandler(coordinator: ShutdownCoordinator, options: HealthOptions = {}): HealthHandler {
  checkCoordinator(coordinator);
  checkOptionNames(options, names, 'healthHandler(coordinator, options)');
  const { live = '/livez', ready = '/readyz', checks = {}, checkTimeout = 1_000 } = options;
  checkOptions(live, ready, checks, checkTimeout);
  const findFailed = createChecker(checks, checkTimeout);

  async function answerReady(): Promise<HealthAnswer> {
    const failed = coordinator.ready ? await findFailed() : [];
    // The state may have changed during the checks.
    const { state } = coordinator;
    if (state !== 'running') return { statusCode: 503, body: { status: state } };
    if (!coordinator.ready) return { statusCode: 503, body: { status: 'not ready' } };
    if (failed.length > 0) return { statusCode: 503, body: { status: 'failing', failed } };
    return { statusCode: 200, body: { status: 'ready' } };
  }

  const answer: HealthHandler['answer'] = (path) => {
    if (path === live) return Promise.resolve({ statusCode: 200, body: { status: 'ok' } });
    return path === ready ? answerReady() : undefined;
  };

  function handle(request: IncomingMessage, response: ServerResponse, next?: () => void): void {
    const [path = ''] = (request.url ?? '').split('?', 1);
    const asked = request.method === 'GET' || request.method === 'HEAD' ? answer(path) : undefined;
    if (asked !== undefined) void asked.then((given) => send(response, given));
    else if (next !== undefined) next();
    else response.writeHead(404, { 'content-length': 0 }).end();
  }

  markHealthHandler(handle);
  return Object.assign(handle, { live, ready, answer });
}

function send(response: ServerResponse, { statusCode, body }: HealthAnswer): void {
  if (response.headersSent || response.destroyed) return;
  const text = JSON.stringify(body);
  response.writeHead(statusCode, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  });
  response.end(text);
}

/** Returns a function that gives the names of the checks that fail. */
function createChecker(checks: Checks, limit: number): () => Promise<readonly string[]> {
  const running = new Map<string, Promise<boolean>>();

  function passes(name: string, check: () => unknown): Promise<boolean> {
    const known = running.get(name);
    if (known !== undefined) return known;
    const run = (async () => (await check()) !== false)()
      .catch(() => false)
      .finally(() => running.delete(name));
    running.set(name, run);
    return run;
  }

  return async () => {
    const deadline = createDeadline(limit);
    const all = Object.entries(checks).map(async ([name, check]) => {
      const passed = (await deadline.race(passes(name, check))) ?? false;
      return passed ? [] : [name];
    });
    return (await Promise.all(all)).flat();
  };
}

function checkOptions(live: unknown, ready: unknown, checks: unknown, checkTimeout: unknown): void {
  for (const [name, path] of Object.entries({ live, ready })) {
    if (typeof path !== 'string' || !path.startsWith('/')) throw invalid(name, 'a path', path);
  }
  if (live === ready) throw invalid('ready', 'another path than `live`', ready);
  const functions =
    typeof checks === 'object' &&
    checks !== null &&
    Object.values(checks).every((check) => typeof check === 'function');
  if (!functions) throw invalid('checks', 'an object of functions', checks);
  if (typeof checkTimeout !== 'number' || !(checkTimeout > 0 && checkTimeout < Infinity)) {
    throw invalid('checkTimeout', 'a finite number > 0', checkTimeout);
  }
}
