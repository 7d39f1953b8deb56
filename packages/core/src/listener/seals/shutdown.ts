import { getSystemErrorName } from 'node:util';
import { acceptAll, quietTurns } from '../accept-queue.ts';
import type { SealMethod } from './seal.ts';

/**
 * Shuts a listening Unix socket down for reading: from that system call on each connect is refused, and what is in the
 * queue can still be accepted (unix_stream_connect of net/unix/af_unix.c). For abstract sockets, which have no path to
 * remove.
 */
export const shutdown: SealMethod = {
  seal: 'shutdown',
  apply: ({ system, noSystem, socket }) => {
    if (socket.path === undefined) return 'shutdown: not a Unix socket';
    if (system === undefined) return `shutdown: ${noSystem}`;
    const error = system.shutdownRead(socket.fd);
    return error < 0 ? `shutdown: failed with ${getSystemErrorName(error)}` : undefined;
  },
  finish: async (target, close) => {
    close(0, acceptAll(target) || (await quietTurns(target)));
  },
};
