import { unlinkSync } from 'node:fs';
import { acceptAll, quietTurns } from '../accept-queue.ts';
import type { SealMethod } from './seal.ts';

/**
 * Removes the path of a Unix socket: a new connect fails at once, even one that is waiting for room in the queue,
 * since the kernel looks the path up again. Then all that is in the queue is accepted; without system calls three quiet
 * turns prove it empty.
 */
export const unlink: SealMethod = {
  seal: 'unlink',
  apply: ({ socket: { path, unix } }) => {
    if (path === undefined || unix === undefined) return 'unlink: not a Unix socket';
    if (process.platform === 'win32' || path.startsWith('\0')) return 'unlink: the socket has no path';
    // A successor has taken the path over: it leads no client to this socket.
    if (!unix.isOurs()) return undefined;
    try {
      unlinkSync(unix.path);
      return undefined;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      return code === 'ENOENT' ? undefined : `unlink: ${code ?? String(error)}`;
    }
  },
  finish: async (target, close) => {
    close(0, acceptAll(target) || (await quietTurns(target)));
  },
};
