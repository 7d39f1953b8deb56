import type { ServerResponse } from 'node:http';
import { setImmediate } from '../../clock.ts';
import { currentResponse, isLast, onHead, saysClose } from '../../node-internals/http.ts';
import { closingHead } from './closing-head.ts';
import { connectionOf, drainState, type Http1Connection } from './request-channel.ts';

/**
 * Admits a request that arrived during the shutdown. Returns false for one that must not be executed: an earlier
 * response says `Connection: close` to its client, so it may send the request elsewhere (RFC 9112, section 9.3.2).
 *
 * @param late - the drain has lasted for `keepAliveGrace`: a client that pipelines without end must not hold it up.
 *   What is parsed in one turn is answered all the same: where the event loop was busy, it may have arrived within the
 *   grace
 */
export function admit(connection: Http1Connection, response: ServerResponse, late: boolean): boolean {
  const drain = drainState(connection);
  drain.asked = true;
  if (drain.ending !== undefined || drain.refuses) return false;
  const { socket, inFlight } = connection;
  const current = currentResponse(socket);
  // Once Node writes a later response that is known, all those hidden behind `hiding` have been written.
  if (current !== drain.hiding && current !== undefined && current === inFlight.first)
    drain.hiding = undefined;
  if (late && drain.lastChunk === undefined) {
    drain.lastChunk = 'open';
    // The parser emits all requests of one chunk in one turn.
    setImmediate(() => {
      drain.lastChunk = 'over';
    });
  }
  const previous = inFlight.last;
  const over = drain.lastChunk === 'over' && drain.hiding === undefined && previous?.headersSent === false;
  drain.refuses = previous !== undefined && (saysClose(previous) || over);
  if (drain.refuses) return false;
  sayCloseIfLast(response);
  return true;
}

/**
 * Makes a response say `Connection: close` if no other request waits behind it when its head is written. Not before
 * that moment: what was said cannot be taken back when a pipelined request comes.
 */
export function sayCloseIfLast(response: ServerResponse): void {
  if (!response.headersSent) onHead(response, sayClose);
}

function sayClose(response: ServerResponse, headers: unknown): unknown {
  const { socket } = response.req;
  const connection = connectionOf(socket);
  // 101: the application answers an upgrade by itself.
  if (response.statusCode === 101 || connection === undefined) return headers;
  if (connection.owner.keeps(connection)) return headers;
  if (connection.inFlight.last !== response) return headers;
  // Of pipelined requests from before the server was attached, only the first is known.
  if (!isLast(socket, response) && connection.drain?.refuses !== true) return headers;
  return closingHead(response, headers);
}
