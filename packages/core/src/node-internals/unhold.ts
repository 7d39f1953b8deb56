import type { IncomingMessage, ServerResponse } from 'node:http';
import { Server, type Socket } from 'node:net';
import { currentResponse, knownSockets, speaksHttp1 } from './http.ts';
import { activeHandles } from './net.ts';

const unheld = new WeakSet<object>();

/**
 * From now on no HTTP server that listens holds the event loop, and no connection of one on which nothing is in flight.
 */
export function unholdServers(): void {
  for (const server of activeHandles()) {
    if (!(server instanceof Server && speaksHttp1(server))) continue;
    server.unref();
    if (unheld.has(server)) continue;
    unheld.add(server);
    for (const socket of knownSockets(server)) {
      const response = currentResponse(socket);
      if (response === undefined) unhold(socket);
      else unholdAfter(response, socket);
    }
    server.on('connection', unhold);
    server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
      (socket as Partial<Socket>).ref?.();
      unholdAfter(response, socket);
    });
  }
}

function unholdAfter(response: ServerResponse, socket: Socket): void {
  response.once('close', () => unhold(socket));
}

/** A server may be given a stream that is no socket. */
function unhold(socket: Partial<Socket>): void {
  socket.unref?.();
}
