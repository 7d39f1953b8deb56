import { renameSync, unlinkSync } from 'node:fs';
import { acceptAll, quietTurns } from '../accept-queue.ts';
import type { SealMethod } from './seal.ts';

/**
 * Removes the path of a Unix socket: a new connect fails at once, even one that is waiting for room in the queue,
 * since the kernel looks the path up again. Then all that is in the queue is accepted; without system calls three quiet
 * turns prove it empty.
 */
export const unlink: SealMethod = {
  seal: 'unlink',
  apply: ({ socket: { path } }) => {
    if (path === undefined) return 'unlink: not a Unix socket';
    if (process.platform === 'win32' || path.startsWith('\0')) return 'unlink: the socket has no path';
    try {
      unlinkSync(path);
      return undefined;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      return code === 'ENOENT' ? undefined : `unlink: ${code ?? String(error)}`;
    }
  },
  finish: async (target, close) => {
    if (!acceptAll(target)) await quietTurns(target);
    closeKeepingSuccessorsPath(target.socket.path ?? '', close);
  },
};

/** libuv removes the path when it closes the socket, even where a successor has bound it meanwhile. */
function closeKeepingSuccessorsPath(path: string, close: () => void): void {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    // No successor has bound the path.
    close();
    return;
  }
  close();
  renameSync(aside, path);
}
