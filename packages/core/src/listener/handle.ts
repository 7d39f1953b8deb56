import type { Server, Socket } from 'node:net';

/**
 * The kernel's side of a listening server.
 *
 * `server._handle` is undocumented. This file and the cluster's round-robin seam are the only places that look
 * behind Node's public names; every use is feature-detected.
 */
export interface ListenHandle {
  /** File descriptor of the listening socket, or -1 where there is none to be seen (Windows, a cluster worker). */
  readonly fd: number;
  /** Calls `listen(2)` again with another backlog. Returns false where the handle cannot. */
  readonly listen: (backlog: number) => boolean;
}

interface RawHandle {
  readonly fd?: unknown;
  readonly listen?: (backlog: number) => number;
  readonly getpeername?: (out: object) => number;
}

function rawHandle(owner: Server | Socket): RawHandle | null | undefined {
  return (owner as unknown as { readonly _handle?: RawHandle | null })._handle;
}

export function listenHandle(server: Server): ListenHandle {
  const handle = rawHandle(server);
  const fd = handle?.fd;
  return {
    fd: typeof fd === 'number' && Number.isInteger(fd) && fd >= 0 ? fd : -1,
    listen: (backlog) => typeof handle?.listen === 'function' && handle.listen(backlog) === 0,
  };
}

/** Whether a connecting socket is connected by now, asked of the kernel rather than of the event loop. */
export function isConnected(socket: Socket): boolean {
  return rawHandle(socket)?.getpeername?.({}) === 0;
}
