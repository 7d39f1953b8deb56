import { now } from '../../clock.ts';
import { readActivity } from '../../node-internals/activity.ts';
import { exposesCurrentResponse, incompleteRequest, isLast, protocolOf } from '../../node-internals/http.ts';
import { untapPipelining } from '../../node-internals/pipelining.ts';
import { acceptedAt } from '../accepted.ts';
import { sayCloseIfLast } from './admit.ts';
import type { Census } from './census.ts';
import type { Endings } from './endings.ts';
import { silent } from './idle.ts';
import { drainState, requestsOnSocket, type Http1Connection } from './request-channel.ts';

/**
 * Finds out what connections do whose requests were not followed while the server ran, and makes the response that one
 * is writing say `Connection: close`. May be called again for an idle connection.
 */
export function follow(
  connections: readonly Http1Connection[],
  census: Census,
  watch: Endings['watch'],
): void {
  const activity = readActivity();
  for (const connection of connections) {
    const { socket } = connection;
    untapPipelining(socket);
    const quiet = silent(connection) ? undefined : activity(socket);
    connection.since =
      quiet === undefined ? (acceptedAt(socket) ?? connection.since) : Math.round(now() - quiet);
    if (exposesCurrentResponse()) {
      connection.inFlight = requestsOnSocket(connection);
      if (connection.inFlight.size === 0) connection.upload ??= incompleteRequest(socket);
    }
    for (const response of connection.inFlight) sayCloseIfLast(response);
    const { first } = connection.inFlight;
    if (first !== undefined) {
      watch(connection);
      if (!isLast(socket, first)) drainState(connection).hiding = first;
    }
    if (protocolOf(socket) === 'upgraded') drainState(connection).upgraded = true;
    census.note(connection);
  }
}
