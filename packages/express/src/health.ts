import type { ServerResponse } from 'node:http';
import type { ShutdownCoordinator } from '@graceful-cluster/core';

/** @returns whether the request was one of the two, and so has been answered */
export function answerHealth(
  url: string | undefined,
  response: ServerResponse,
  coordinator: ShutdownCoordinator,
): boolean {
  const [path] = (url ?? '/').split('?', 1);
  if (path !== '/livez' && path !== '/readyz') return false;
  const ready = path === '/livez' || coordinator.ready;
  response.statusCode = ready ? 200 : 503;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ status: ready ? 'ok' : coordinator.state }));
  return true;
}
