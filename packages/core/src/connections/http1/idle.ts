import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { now, setImmediate } from '../../clock.ts';
import { silentGrace, type DrainLimits } from '../../drain/limits.ts';
import { begunSockets, isDumped, protocolOf } from '../../node-internals/http.ts';
import { isPassedOn } from '../../node-internals/net.ts';
import { received } from '../received.ts';
import { createSchedule } from '../schedule.ts';
import type { Http1Connection } from './request-channel.ts';

/** Shortest time between two looks at a request head on its way, in milliseconds. */
const LOOK_MS = 100;

/** How long the upload of a request that is answered may pause, in milliseconds. */
const PAUSE_MS = 1_000;

const NO_SOCKETS: ReadonlySet<Socket> = new Set();

/** Keeps idle connections for their grace, then ends them unless a request has arrived. */
export interface IdleConnections {
  /**
   * Ends a connection when its grace is over, unless a request has arrived.
   *
   * @param used - milliseconds of the grace that are over for it
   */
  readonly await: (connection: Http1Connection, used?: number) => void;
  /** Whether a request head is on its way, which may take until `headersTimeout` (Node's), or until the deadline. */
  readonly headBegun: (connection: Http1Connection) => boolean;
  readonly stop: () => void;
}

export interface IdleEndings {
  /** Ends a connection that speaks HTTP. */
  readonly end: (connection: Http1Connection) => void;
  readonly endUpgraded: (connection: Http1Connection) => void;
}

export function createIdleConnections(
  server: Server,
  limits: () => DrainLimits,
  endings: IdleEndings,
): IdleConnections {
  /** Sockets with half a request head. Asked once a turn: thousands of idle connections may end in the same one. */
  let begun: ReadonlySet<Socket> | undefined;
  /** Bytes received by the last look at which there were more, when that was, and how long uploads are waited for. */
  const heard = new WeakMap<Http1Connection, { bytes: number; at: number; readonly until: number }>();
  const graces = createSchedule<Http1Connection>((connection) => end(connection));

  function awaitRequest(connection: Http1Connection, used = 0): void {
    const { socket, since, drain } = connection;
    if (drain?.ending !== undefined) return;
    const { keepAliveGrace } = limits();
    const grace = silent(connection) ? silentGrace(limits(), since, socket) : keepAliveGrace - used;
    graces.set(connection, grace);
  }

  function end(connection: Http1Connection, polledAgain = false): void {
    const { socket, inFlight, drain } = connection;
    if (inFlight.size > 0 || socket.destroyed || drain?.ending !== undefined || isPassedOn(socket)) return;
    if (protocolOf(socket) === 'upgraded') endings.endUpgraded(connection);
    // A request head is on its way, perhaps an upgrade: look again later. Not where the application has ended it.
    else if (!socket.writableFinished && headBegun(connection))
      graces.set(connection, Math.max(limits().keepAliveGrace, LOOK_MS));
    // Many clients stop sending when they read a FIN: Node's own is one.
    else if (uploads(connection)) graces.set(connection, LOOK_MS);
    // Bytes reached the kernel after this poll had passed the socket (a TLS handshake takes 1 ms): poll once more.
    else if (!polledAgain && limits().unread(socket)) setImmediate(end, connection, true);
    else endings.end(connection);
  }

  /** Whether the rest of a request that is answered comes in, and the application gets it. */
  function uploads(connection: Http1Connection): boolean {
    const { socket, upload } = connection;
    if (upload === undefined || upload.complete || upload.destroyed || isDumped(upload)) return false;
    const bytes = received(socket);
    const last = heard.get(connection) ?? { bytes: -1, at: 0, until: now() + limits().left() / 2 };
    if (last.bytes !== bytes) heard.set(connection, { ...last, bytes, at: now() });
    return now() < last.until && (last.bytes !== bytes || now() - last.at < PAUSE_MS);
  }

  function headBegun(connection: Http1Connection): boolean {
    const { socket, upload } = connection;
    // Bytes on their way may be the rest of a body whose request has been answered.
    if (silent(connection) || upload?.complete === false) return false;
    // HTTP does not have the socket yet: half a PROXY line has arrived, for one.
    if (protocolOf(socket) === 'unknown') return true;
    if (begun === undefined) {
      begun = begunSockets(server) ?? NO_SOCKETS;
      setImmediate(forgetBegun);
    }
    return begun.has(socket);
  }

  function forgetBegun(): void {
    begun = undefined;
  }

  return { await: awaitRequest, headBegun, stop: graces.stop };
}

/** Whether the client never sent a byte. */
export function silent({ socket, opened }: Http1Connection): boolean {
  return received(socket) === opened;
}
