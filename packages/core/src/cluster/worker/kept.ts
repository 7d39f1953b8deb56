import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { now, setTimeout } from '../../clock.ts';
import { adoptHandle, freeHandle, serverOf, socketOf } from '../../node-internals/hand-over.ts';

/** What Node adds to `keepAliveTimeout` by default, in milliseconds (`keepAliveTimeoutBuffer` since Node 22.19). */
const BUFFER_MS = 1_000;

/** When the last request of a connection was, in another worker, on the clock of `now()`. */
const since = new WeakMap<Socket, number>();

/** When the last request of a connection was, if another worker handed it back. */
export function keptSince(socket: Socket | undefined): number | undefined {
  return socket && since.get(socket);
}

/**
 * Gives a connection from another worker the time that an idle one has. For Node it is a new one, which gets a 408
 * after `headersTimeout`: a client might take that for the answer to a request that it just sent. So the connection
 * ends without a word at `keepAliveTimeout`, as it would have in its first worker, and where that is longer its handle
 * is given to the server anew before `headersTimeout`.
 *
 * @param handle - of the connection that the server has just been given
 * @param idle - milliseconds since its last request
 * @param running - whether no shutdown has begun: a drain ends idle connections itself
 */
export function keepIdle(handle: unknown, idle: number, running: () => boolean): void {
  const socket = socketOf(handle);
  const server = socket && (serverOf(socket) as Server | undefined);
  if (socket === undefined || server === undefined) return;
  since.set(socket, now() - idle);
  const { keepAliveTimeout, headersTimeout } = server;
  const left = keepAliveTimeout > 0 ? keepAliveTimeout + BUFFER_MS - idle : Infinity;
  const renew = headersTimeout > 0 ? headersTimeout / 2 : Infinity;
  const wait = Math.max(0, Math.min(left, renew));
  if (wait === Infinity) return;
  // The timer stays when the socket closes: a `close` listener of ours would look like the application's.
  setTimeout(() => {
    if (!running() || socket.destroyed || socket.bytesRead > 0) return;
    const free = left > wait ? freeHandle(socket) : undefined;
    socket.destroy();
    if (free === undefined) return;
    adoptHandle(server, free);
    keepIdle(free, idle + wait, running);
  }, wait).unref();
}
