import type { CutConnection } from '../../api/report.ts';
import { protocolOf } from '../../node-internals/http.ts';
import { peerName, requestName, withAge } from '../names.ts';
import { NONE } from './in-flight.ts';
import type { Http1Connection } from './request-channel.ts';

/** The oldest request of a connection, `GET /export, 4.2 s`, or the peer's address where there is none. */
export function nameOf(connection: Http1Connection): string {
  const { inFlight: requests } = connection;
  const { first } = requests;
  if (first === undefined) return peerName(connection.socket);
  const { method, url } = first.req;
  return withAge(requestName(method, url), requests.since ?? connection.since);
}

/**
 * Destroys a connection, and returns what the report says of it. A request head that was never completed is nothing
 * that was asked for: a client that dribbles must not decide how a stop ends.
 *
 * @param headBegun - whether a request head is on its way
 */
export function cut(
  connection: Http1Connection,
  headBegun: (connection: Http1Connection) => boolean,
): CutConnection {
  const kind = cutKind(connection, headBegun);
  const described: CutConnection = {
    kind,
    name: nameOf(connection),
    requests: connection.inFlight.size,
    lost: kind === 'request' || kind === 'upgraded',
  };
  // From here on the connection counts as cut, and as nothing else.
  connection.owner.leave(connection);
  connection.inFlight = NONE;
  connection.socket.destroy();
  return described;
}

function cutKind(
  connection: Http1Connection,
  headBegun: (connection: Http1Connection) => boolean,
): CutConnection['kind'] {
  const { drain, inFlight, socket } = connection;
  if (drain?.ending !== undefined || drain?.saidAll === true) return 'lingering';
  if (inFlight.size > 0) return 'request';
  if (protocolOf(socket) === 'upgraded') return 'upgraded';
  return headBegun(connection) ? 'head' : 'idle';
}
