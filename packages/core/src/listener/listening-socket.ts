import { Server, type Socket } from 'node:net';
import type { SystemCalls } from '../kernel/system-calls.ts';

/**
 * A listening socket, seen from the kernel's side: that of a `net.Server`, or one that a cluster's primary owns.
 *
 * `server._handle` is undocumented. This file and the cluster's round-robin seam are the only places that look
 * behind Node's public names; every use is feature-detected.
 */
export interface ListeningSocket {
  /** File descriptor, or -1 where there is none to be seen (Windows, a round-robin worker). */
  readonly fd: number;
  /** Path of a Unix socket, or undefined for TCP. */
  readonly path: string | undefined;
  /** TCP address and port, or '' and 0. */
  readonly host: string;
  readonly port: number;
  /** Whether a cluster's primary holds the same kernel socket, so that closing this copy resets nobody. */
  readonly copied: boolean;
  /** Whether it was passed on by another process (`listen({ fd })`), which may hold it too, as systemd does. */
  readonly inherited: boolean;
  /** Connections that reached this socket's owner since this object was made, dropped ones included. */
  readonly accepted: () => number;
  /**
   * Gives the owner a connection that was accepted past libuv, as libuv would. Undefined where it cannot be done: the
   * descriptor would be nobody's.
   */
  readonly receive: ((fd: number) => void) | undefined;
  /** Calls `listen(2)` again with another backlog. Returns false where it cannot. */
  readonly relisten: (backlog: number) => boolean;
  /** Closes the listener and nothing else. */
  readonly close: () => void;
  readonly release: () => void;
}

/** What libuv's handles of listeners and connections have, as far as Node lets it be seen. */
export interface RawHandle {
  readonly fd?: unknown;
  readonly writeQueueSize?: unknown;
  readonly listen?: (backlog: number) => number;
  readonly getpeername?: (out: object) => number;
  readonly open?: (fd: number) => number;
}

/** TCPConstants.SOCKET and PipeConstants.SOCKET: a handle that does not listen. */
const SOCKET = 0;

export function rawHandle(owner: Server | Socket): RawHandle | null | undefined {
  return (owner as unknown as { readonly _handle?: RawHandle | null })._handle;
}

export function fileDescriptor(handle: RawHandle | null | undefined): number {
  const fd = handle?.fd;
  return typeof fd === 'number' && Number.isInteger(fd) && fd >= 0 ? fd : -1;
}

export function serverSocket(server: Server): ListeningSocket {
  const address = server.address();
  const handle = rawHandle(server);
  let accepted = 0;
  const count = (): void => {
    accepted += 1;
  };
  server.on('connection', count);
  server.on('drop', count);
  return {
    fd: fileDescriptor(handle),
    path: typeof address === 'string' ? address : undefined,
    // A round-robin worker whose primary has closed knows no address.
    host: (typeof address === 'object' && address?.address) || '',
    port: (typeof address === 'object' && address?.port) || 0,
    // In a cluster worker Node gives a shared handle a `close` of its own, which tells the primary.
    copied: handle !== null && handle !== undefined && Object.hasOwn(handle, 'close'),
    inherited: isInherited(server),
    accepted: () => accepted,
    receive: receiver(handle),
    relisten: (backlog) => typeof handle?.listen === 'function' && handle.listen(backlog) === 0,
    // http.Server#close would destroy connections as well: the idle ones on every line, and on Node 26 those just
    // accepted. The same method of net.Server closes the listener alone.
    close: () => {
      if (server.listening) Server.prototype.close.call(server);
    },
    release: () => {
      server.off('connection', count);
      server.off('drop', count);
    },
  };
}

/**
 * Makes a server go on answering `address()` once it is closed. A program asks for it in its `listening` callback, and
 * Fastify after a lookup of `localhost`: null is not expected there, and would crash the process in the middle of its
 * drain. Returns a function that takes this back.
 */
export function keepAddress(server: Server): () => void {
  const address = server.address();
  const own = Object.getOwnPropertyDescriptor(server, 'address');
  const ask = server.address.bind(server);
  const kept = (): ReturnType<Server['address']> => ask() ?? address;
  server.address = kept;
  return () => {
    if (server.address !== kept) return;
    if (own === undefined) Reflect.deleteProperty(server, 'address');
    else Object.defineProperty(server, 'address', own);
  };
}

/** What libuv does with a connection: wraps it in a handle of the listener's own kind, and calls `onconnection`. */
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

/** Node's key for a listener is made of its address, and a descriptor that was given to it has none. */
export function isInherited(server: Server): boolean {
  const { _connectionKey: key } = server as unknown as { readonly _connectionKey?: unknown };
  return key === 'null:null:null';
}

/** The address as a person writes it: `127.0.0.1:3000`, `[::]:3000`, `/run/app.sock`. */
export function describeAddress({ path, host, port }: ListeningSocket): string {
  return path ?? (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
}

/** Whether a connecting socket is connected by now, asked of the kernel rather than of the event loop. */
export function isConnected(socket: Socket): boolean {
  return rawHandle(socket)?.getpeername?.({}) === 0;
}

/** Whether something has come that the event loop has not read yet. False where nothing tells. */
export function hasUnread(socket: Socket, system: SystemCalls | undefined): boolean {
  const fd = fileDescriptor(rawHandle(socket));
  return system !== undefined && fd >= 0 && system.unreadBytes(fd) > 0;
}

/**
 * Sends the FIN of a socket that was ended. libuv would after this turn, and who writes meanwhile would be lost. Over TLS
 * it does nothing: `close_notify` is out by now.
 */
export function sendFin(socket: Socket, system: SystemCalls | undefined): void {
  const handle = rawHandle(socket);
  const fd = fileDescriptor(handle);
  const written = socket.writableLength === 0 && handle?.writeQueueSize === 0;
  if (fd >= 0 && written) system?.shutdownWrite(fd);
}
