import type { Server } from 'node:http';
import { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import {
  currentResponse,
  exposesCurrentResponse,
  knownSockets,
  listsConnections,
} from '../../node-internals/http.ts';
import { serverOf } from '../../node-internals/hand-over.ts';
import { acceptedCount, acceptorOf, listsHandles, openSockets } from '../../node-internals/net.ts';
import { received } from '../received.ts';
import { connectionOf } from './request-channel.ts';

/** Whether TLS agreed on HTTP/2: a server that speaks both hands such a connection to a session. */
export function isHttp2(socket: Socket): boolean {
  return (socket as Partial<TLSSocket>).alpnProtocol === 'h2';
}

/**
 * Whether Node will show a connection when it is asked for: it lists those that speak HTTP, and the sockets of the
 * process. Under TLS, of a stream that is no socket, and of what another server has accepted, it does not show what was
 * upgraded; nor what was read before HTTP had it.
 *
 * @param existing - whether it was open before the server was attached: then HTTP may have read from it
 */
export function isShown(server: Server, event: string, socket: Socket, existing = false): boolean {
  return (
    event === 'connection' &&
    socket instanceof Socket &&
    (existing || received(socket) === 0) &&
    acceptorOf(socket) === server &&
    serverOf(socket) === server &&
    listsHandles() &&
    listsConnections(server) &&
    exposesCurrentResponse()
  );
}

/**
 * Connections that are open, as far as Node shows them. Under TLS these are those that speak HTTP alone.
 *
 * @param given - whether there may be some that another server accepted and gave to this one unseen
 */
export function openAlready(
  server: Server,
  event: 'connection' | 'secureConnection',
  given = false,
): Set<Socket> {
  const open = new Set<Socket>();
  let accepted = 0;
  const add = (socket: Socket): void => {
    // Node keeps the handle of a destroyed socket for the rest of the turn.
    if (socket.destroyed || isHttp2(socket)) return;
    open.add(socket);
    if (acceptorOf(socket) === server) accepted += 1;
  };
  for (const socket of knownSockets(server)) add(socket);
  // To look through the handles of the process takes as long as all else here, and finds what does not speak HTTP any
  // more.
  if (event === 'connection' && (given || accepted !== acceptedCount(server)))
    openSockets(server).forEach(add);
  return open;
}

/** Whether nothing of ours has looked at a connection of this server yet, and no request is in flight on it. */
export function isUnseen(server: Server, socket: Socket): boolean {
  return (
    serverOf(socket) === server && connectionOf(socket) === undefined && currentResponse(socket) === undefined
  );
}
