import type { ServerResponse } from 'node:http';
import { isLast, saysClose } from '../../node-internals/http.ts';
import { drainState, type DrainState, type Http1Connection } from './request-channel.ts';

/**
 * Admits a request that arrived during the shutdown. Returns false for one that must not be executed: its client has
 * read `Connection: close` on an earlier response, so it may send the request elsewhere (RFC 9112, section 9.3.2).
 */
export function admit(connection: Http1Connection, response: ServerResponse): boolean {
  const drain = drainState(connection);
  clearTimeout(drain.timer);
  const previous = connection.inFlight.at(-1)?.response;
  if (drain.ending !== undefined || (previous !== undefined && saysClose(previous))) return false;
  if (previous !== undefined && previous === drain.marked) previous.shouldKeepAlive = true;
  sayClose(drain, response);
  return true;
}

/**
 * Makes a response say `Connection: close`, where that is still possible. On the response object rather than in its
 * headers: this can be taken back, and touches no header of the application.
 */
export function sayClose(drain: DrainState, response: ServerResponse): void {
  drain.marked = undefined;
  if (response.headersSent || !response.shouldKeepAlive) return;
  // Pipelined requests from before this server was attached: only the last of them may say it.
  if (response.socket !== null && !isLast(response.socket, response)) return;
  response.shouldKeepAlive = false;
  drain.marked = response;
}
