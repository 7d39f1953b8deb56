import type { ConnectionCounts } from '../../api/report.ts';
import { protocolOf } from '../../node-internals/http.ts';
import { nameOf } from './cut.ts';
import type { InFlight } from './in-flight.ts';
import type { Http1Connection } from './request-channel.ts';

type RequestsOf = (connection: Http1Connection) => InFlight;

export function busyOf(
  connections: readonly Http1Connection[],
  requestsOf: RequestsOf,
): readonly Http1Connection[] {
  return connections.filter((connection) => requestsOf(connection).size > 0);
}

export function countsOf(connections: readonly Http1Connection[], requestsOf: RequestsOf): ConnectionCounts {
  const busy = busyOf(connections, requestsOf);
  const inFlight = busy.reduce((sum, connection) => sum + requestsOf(connection).size, 0);
  return { open: connections.length, inFlight, idle: connections.length - busy.length };
}

/** The oldest first. */
export function waitingOf(
  connections: readonly Http1Connection[],
  requestsOf: RequestsOf,
  limit: number,
): readonly string[] {
  return busyOf(connections, requestsOf)
    .toSorted((a, b) => a.since - b.since)
    .slice(0, limit)
    .map((connection) => nameOf(connection, requestsOf(connection)));
}

/** Those on which a request may be on its way that is not read yet. */
export function unsettledOf(connections: readonly Http1Connection[], requestsOf: RequestsOf): number {
  return connections.filter((connection) => {
    const ending = connection.drain?.ending;
    return (
      requestsOf(connection).size === 0 &&
      ending === undefined &&
      protocolOf(connection.socket) !== 'upgraded'
    );
  }).length;
}
