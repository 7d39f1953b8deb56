import { subscribe } from 'node:diagnostics_channel';
import { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Libuv's handle of a listener or a connection, as far as Node lets it be seen. */
export interface RawHandle {
  readonly fd?: unknown;
  readonly writeQueueSize?: unknown;
  readonly listen?: (backlog: number) => number;
  readonly getpeername?: (out: object) => number;
  readonly open?: (fd: number) => number;
}

/** TCPConstants.SOCKET and PipeConstants.SOCKET: the type of a handle that does not listen. */
const SOCKET = 0;

/** The handle of a server or a socket: null once it is closed, or has been passed on to another process. */
export function rawHandle(owner: Server | Socket): RawHandle | null | undefined {
  return (owner as unknown as { readonly _handle?: RawHandle | null })._handle;
}

/** Whether a socket lives on in another process (`child.send('socket', socket)`): Node emits no `close` for it here. */
export function isPassedOn(socket: Duplex): boolean {
  return rawHandle(socket as Socket) === null && !socket.destroyed;
}

/** The server that accepted a connection: not one that it was given to afterwards. */
export function acceptorOf(socket: Socket): unknown {
  return (socket as unknown as { readonly _server?: unknown })._server;
}

/** Open connections of a server, as Node counts those that it has accepted. */
export function acceptedCount(server: Server): number | undefined {
  return (server as unknown as { readonly _connections?: number })._connections;
}

const { _getActiveHandles: list } = process as unknown as { readonly _getActiveHandles?: () => unknown[] };

/** What holds the event loop of this process. */
export function activeHandles(): readonly unknown[] {
  return list?.call(process) ?? [];
}

/** Whether Node lists the handles of this process. */
export function listsHandles(): boolean {
  return typeof list === 'function';
}

interface Belongs {
  readonly server?: unknown;
}

/**
 * Open sockets of a server, those included that were accepted before anything could see them. Not those under TLS,
 * whose handle belongs to the raw socket. Node notes the server on each socket: the one that accepted it, or the HTTP
 * server that it was given to.
 */
export function openSockets(server: Server): readonly Socket[] {
  return activeHandles().filter(
    (handle): handle is Socket => handle instanceof Socket && (handle as Belongs).server === server,
  );
}

/** The file descriptor of a handle, or -1 where there is none to be seen (Windows, a round-robin worker). */
export function fileDescriptor(handle: RawHandle | null | undefined): number {
  const fd = handle?.fd;
  return typeof fd === 'number' && Number.isInteger(fd) && fd >= 0 ? fd : -1;
}

/** Whether a cluster's primary holds the same kernel socket: Node gives such a handle a `close` of its own. */
export function isCopyOfPrimary(handle: RawHandle | null | undefined): boolean {
  return handle !== null && handle !== undefined && Object.hasOwn(handle, 'close');
}

/**
 * Hands an accepted descriptor to the server as libuv would: wraps the descriptor in a handle of the listener's own
 * kind and calls `onconnection`. Undefined where that cannot be done: accepting would leak the descriptor.
 */
export function receiver(listening: RawHandle | null | undefined): ((fd: number) => void) | undefined {
  const owner = listening as { readonly onconnection?: (error: number, client: RawHandle) => void } | null;
  if (typeof owner?.onconnection !== 'function' || typeof listening?.open !== 'function') return undefined;
  const Handle = listening.constructor as new (type: number) => RawHandle;
  return (fd) => {
    const client = new Handle(SOCKET);
    client.open?.(fd);
    owner.onconnection?.(0, client);
  };
}

/**
 * Servers of a `net.BoundSocket` (Node 24.21): bound by this process, though the key of their listener is that of a
 * passed one.
 */
const bound = new WeakSet<object>();

subscribe('tracing:net.server.listen:asyncStart', (message) => {
  const { server, options } = message as { server: object; options: { handle?: object } };
  bound[(options.handle ?? options).constructor?.name === 'BoundSocket' ? 'add' : 'delete'](server);
});

/**
 * Whether a server listens on a socket that was passed to it: a descriptor (`listen({ fd })`) or a handle
 * (`listen(handle)`, as for a server that arrived over IPC). Node makes the key of a listener from its address, and
 * such a listener has none: `null:null:null` and `-1:null:-1`.
 */
export function isInherited(server: Server): boolean {
  const { _connectionKey: key } = server as unknown as { readonly _connectionKey?: unknown };
  return typeof key === 'string' && /^(?:null|-1):null:/.test(key) && !bound.has(server);
}

/** Whether a connecting socket is connected by now, asked of the kernel rather than of the event loop. */
export function isConnected(socket: Socket): boolean {
  return rawHandle(socket)?.getpeername?.({}) === 0;
}
