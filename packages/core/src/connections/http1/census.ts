import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ConnectionCounts } from '../../api/report.ts';
import { currentResponse, exposesCurrentResponse } from '../../node-internals/http.ts';
import { isEventStream } from '../event-streams.ts';
import { nameOf } from './cut.ts';
import { connectionOf, type Http1Connection } from './request-channel.ts';

/** What the connections of a server do during a shutdown: kept up to date, so that they need not be looked through. */
export interface Census {
  /** To be called when a connection has taken, answered, or ended something. */
  readonly note: (connection: Http1Connection) => void;
  readonly leave: (connection: Http1Connection) => void;
  readonly counts: (open: number) => ConnectionCounts;
  /** Connections on which a request may be on its way that is not read yet. */
  readonly unsettled: () => number;
  /** Connections that owe an answer, unless that is an event stream, which has no end. */
  readonly owing: () => number;
  /** What is in flight, by name, the oldest first. */
  readonly waiting: (limit: number) => readonly string[];
  /** The response that each busy connection writes. */
  readonly writing: () => readonly (ServerResponse | undefined)[];
}

export function createCensus(): Census {
  const busy = new Set<Http1Connection>();
  const open = new Set<Http1Connection>();
  const inFlight = (): number => {
    let sum = 0;
    for (const connection of busy) sum += connection.inFlight.size;
    return sum;
  };
  return {
    note: (connection) => {
      const { drain, inFlight: requests } = connection;
      if (requests.size > 0) busy.add(connection);
      else busy.delete(connection);
      if (requests.size > 0 || drain?.ending !== undefined || drain?.upgraded === true)
        open.delete(connection);
      else open.add(connection);
    },
    leave: (connection) => {
      busy.delete(connection);
      open.delete(connection);
    },
    counts: (all) => ({ open: all, inFlight: inFlight(), idle: all - busy.size }),
    unsettled: () => open.size,
    owing: () =>
      [...busy].filter(({ inFlight: { first } }) => first === undefined || !isEventStream(first)).length,
    waiting: (limit) =>
      [...busy]
        .toSorted((a, b) => a.since - b.since)
        .slice(0, limit)
        .map(nameOf),
    writing: () => [...busy].map((connection) => connection.inFlight.first),
  };
}

/**
 * Counts while nothing shuts down, when requests are not followed: Node knows what a socket writes.
 *
 * @param sockets - those that Node shows; `others` are added to the set
 */
export function countSockets(sockets: Set<Socket>, others: Iterable<Socket>): ConnectionCounts {
  for (const socket of others) sockets.add(socket);
  const exposed = exposesCurrentResponse();
  let inFlight = 0;
  let busy = 0;
  for (const socket of sockets) {
    const writing = exposed && currentResponse(socket) !== undefined;
    const known = connectionOf(socket)?.inFlight.size ?? 0;
    const requests = exposed ? (writing ? Math.max(1, known) : 0) : known;
    inFlight += requests;
    busy += Number(requests > 0);
  }
  return { open: sockets.size, inFlight, idle: sockets.size - busy };
}
