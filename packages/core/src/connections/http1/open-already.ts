import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { knownSockets } from '../../node-internals/http.ts';
import { openSockets } from '../../node-internals/net.ts';

/** A server that speaks both hands its HTTP/2 connections to sessions. */
export const isHttp2 = (socket: Socket): boolean => (socket as Partial<TLSSocket>).alpnProtocol === 'h2';

/**
 * HTTP/1 connections accepted before anything here could see them. What is under TLS Node shows only while it speaks
 * HTTP.
 */
export function openAlready(server: Server, event: 'connection' | 'secureConnection'): Socket[] {
  const bare = event === 'connection' ? openSockets(server) : [];
  return [...new Set([...knownSockets(server), ...bare])].filter((socket) => !isHttp2(socket));
}
