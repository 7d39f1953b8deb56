import type { Socket } from 'node:net';
import { fileDescriptor, rawHandle } from '../node-internals/net.ts';
import type { SystemCalls } from './system-calls.ts';

/** Whether bytes have reached the kernel that the event loop has not read yet. False without the addon. */
export function hasUnread(socket: Socket, system: SystemCalls | undefined): boolean {
  const fd = fileDescriptor(rawHandle(socket));
  return system !== undefined && fd >= 0 && system.unreadBytes(fd) > 0;
}

/**
 * Sends the FIN of a connection at once, if all that was written is with the kernel. Libuv would send it after this
 * turn of the loop, and a request that arrives in between would be lost. Returns whether it is sent: never over TLS,
 * where `close_notify` is still in the write queue of libuv then.
 */
export function sendFin(socket: Socket, system: SystemCalls | undefined): boolean {
  const handle = rawHandle(socket);
  const fd = fileDescriptor(handle);
  const written = socket.writableLength === 0 && handle?.writeQueueSize === 0;
  return fd >= 0 && written && system?.shutdownWrite(fd) === 0;
}
