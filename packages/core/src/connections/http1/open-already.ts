import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { knownSockets } from '../../node-internals/http.ts';
import { openSockets } from '../../node-internals/net.ts';

/** Whether TLS agreed on HTTP/2: a server that speaks both hands such a connection to a session. */
export function isHttp2(socket: Socket): boolean {
  return (socket as Partial<TLSSocket>).alpnProtocol === 'h2';
}

/** Connections that were accepted before anything could see them. Under TLS, Node shows those that speak HTTP alone. */
export function openAlready(server: Server, event: 'connection' | 'secureConnection'): readonly Socket[] {
  const bare = event === 'connection' ? openSockets(server) : [];
  return [...new Set([...knownSockets(server), ...bare])].filter((socket) => !isHttp2(socket));
}
