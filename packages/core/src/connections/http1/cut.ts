import type { CutConnection } from '../../api/report.ts';
import { protocolOf } from '../../node-internals/http.ts';
import { peerName, requestName, withAge } from '../names.ts';
import type { Http1Connection } from './request-channel.ts';

/** The oldest request of a connection, `GET /export, 4.2 s`, or the peer's address where there is none. */
export function nameOf(connection: Http1Connection): string {
  const { inFlight: requests } = connection;
  const { first } = requests;
  if (first === undefined) return peerName(connection.socket);
  const { method, url } = first.req;
  return withAge(requestName(method, url), requests.since(first) ?? connection.since);
}

/**
 * What the report says of a connection that is destroyed now. A request head that was never completed is nothing that
 * was asked for: a client that dribbles must not decide how a stop ends.
 *
 * @param headBegun - whether a request head is on its way
 */
export function describeCut(connection: Http1Connection, headBegun: () => boolean): CutConnection {
  const kind = cutKind(connection, headBegun);
  return {
    kind,
    name: nameOf(connection),
    requests: connection.inFlight.size,
    lost: kind === 'request' || kind === 'upgraded',
  };
}

function cutKind(connection: Http1Connection, headBegun: () => boolean): CutConnection['kind'] {
  const { drain, inFlight, socket } = connection;
  if (drain?.ending !== undefined || drain?.saidAll === true) return 'lingering';
  if (inFlight.size > 0) return 'request';
  if (protocolOf(socket) === 'upgraded') return 'upgraded';
  return headBegun() ? 'head' : 'idle';
}
