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
import { listsHandles, openSockets } from '../../node-internals/net.ts';
import { received } from '../received.ts';
import { connectionOf } from './request-channel.ts';

/** Whether TLS agreed on HTTP/2: a server that speaks both hands such a connection to a session. */
export function isHttp2(socket: Socket): boolean {
  return (socket as Partial<TLSSocket>).alpnProtocol === 'h2';
}

/**
 * Whether Node will show a connection when it is asked for: it lists those that speak HTTP, and the sockets of the process.
 * Under TLS, and of a stream that is no socket, it does not show what was upgraded; nor what was read before HTTP had it.
 *
 * @param existing - whether it was open before the server was attached: then HTTP may have read from it
 */
export function isShown(server: Server, event: string, socket: Socket, existing = false): boolean {
  return (
    event === 'connection' &&
    socket instanceof Socket &&
    (existing || received(socket) === 0) &&
    serverOf(socket) === server &&
    listsHandles() &&
    listsConnections(server) &&
    exposesCurrentResponse()
  );
}

/** Connections that are open, as far as Node shows them. Under TLS these are those that speak HTTP alone. */
export function openAlready(server: Server, event: 'connection' | 'secureConnection'): Set<Socket> {
  const open = new Set<Socket>();
  const add = (socket: Socket): void => {
    // Of one that is destroyed Node keeps the handle for the rest of the turn.
    if (!socket.destroyed && !isHttp2(socket)) open.add(socket);
  };
  if (event === 'connection') openSockets(server).forEach(add);
  for (const socket of knownSockets(server)) if (!open.has(socket)) add(socket);
  return open;
}

/** Whether nothing of ours has looked at a connection of this server yet, and no request is in flight on it. */
export function isUnseen(server: Server, socket: Socket): boolean {
  return (
    serverOf(socket) === server && connectionOf(socket) === undefined && currentResponse(socket) === undefined
  );
}
