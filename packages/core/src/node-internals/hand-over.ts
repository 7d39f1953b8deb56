import { createServer } from 'node:http';
import { Server, Socket } from 'node:net';
import { fileDescriptor, rawHandle, type RawHandle } from './net.ts';
import { currentResponse, hidden } from './http.ts';

/** Libuv's handle of a connection, taken off its socket: it can be sent to another process, and read there. */
export interface FreeHandle extends RawHandle {
  readonly readStop: () => number;
  readonly close: () => void;
}

/** Another process that takes idle connections: the primary of a cluster, which deals them again. */
export interface HandBackTarget {
  /** Whether it dealt the connections of this server. */
  readonly deals: (server: Server) => boolean;
  /**
   * One at a time. `taken`: it has the connection, and this process closes its copy. `returned`: it wants no more of
   * them. `lost`: either process may have it.
   *
   * @param idle - milliseconds since its last request; undefined if it has never had one
   */
  readonly give: (
    server: Server,
    handle: FreeHandle,
    idle: number | undefined,
  ) => Promise<'taken' | 'returned' | 'lost'>;
}

interface HttpParts {
  parser?: { _consumed?: boolean; unconsume?: () => void } | null;
  _handle?: (RawHandle & Partial<FreeHandle> & { _consumed?: boolean; reading?: boolean }) | null;
}

/** Whether the primary of a cluster deals the connections of a listening server: its handle is no handle of libuv's. */
export function isDealt(server: Server): boolean {
  const handle = rawHandle(server);
  return (
    handle !== null &&
    handle !== undefined &&
    fileDescriptor(handle) === -1 &&
    Object.getPrototypeOf(handle) === Object.prototype
  );
}

/** The server that accepted a connection, or that a connection was given to. */
export function serverOf(socket: Socket): unknown {
  return (socket as unknown as { readonly server?: unknown }).server;
}

/** Properties that Node adds to a socket in the course of requests, and those that this package adds. */
const ADDED: ReadonlySet<string> = new Set([
  '_httpMessage',
  '_peername',
  '_sockname',
  '_server',
  'timeout',
  'destroySoon',
  '_destroy',
]);

/** Each symbol under which this package, in any copy, keeps something on a socket is described with this in front. */
const OURS = 'graceful-cluster.';

const ownListeners = new WeakSet<() => void>();

/** Marks a listener of this package: a connection that has it may be handed over all the same. */
export function ownListener(listener: () => void): () => void {
  ownListeners.add(listener);
  return listener;
}

/** A socket of an HTTP server that only Node has touched. */
let pristine: Socket | undefined;

function pristineSocket(): Socket {
  if (pristine === undefined) {
    pristine = new Socket();
    createServer().emit('connection', pristine);
  }
  return pristine;
}

/**
 * Whether only Node, and this package, keep something on a connection of an HTTP server: no listener and no property of
 * the application's. Compared with a socket that has met neither, of the same Node.
 */
export function isUntouched(socket: Socket): boolean {
  const reference = pristineSocket();
  const known = (key: string | symbol): boolean =>
    Object.hasOwn(reference, key) ||
    (typeof key === 'string' ? ADDED.has(key) : key.description?.startsWith(OURS) === true);
  if (!Reflect.ownKeys(socket).every(known)) return false;
  // A response listens for the end of its socket.
  const more = currentResponse(socket) === undefined ? 0 : 1;
  return socket
    .eventNames()
    .every(
      (event) =>
        socket.listeners(event).filter((listener) => !ownListeners.has(listener as () => void)).length <=
        reference.listenerCount(event) + (event === 'close' ? more : 0),
    );
}

/** Whether nothing that was read or written is on its way between the kernel and the application. */
export function isFlushed(socket: Socket): boolean {
  const { writeQueueSize = 0 } = rawHandle(socket) ?? {};
  return socket.readableLength === 0 && socket.writableLength === 0 && writeQueueSize === 0;
}

/**
 * Takes the handle off the socket of an idle HTTP connection, which reads no more from then on: what arrives stays in
 * the kernel. The socket is left to be destroyed. Undefined where this Node does not let it be done.
 */
export function freeHandle(socket: Socket): FreeHandle | undefined {
  const { parser, _handle: handle } = socket as unknown as HttpParts;
  if (typeof handle?.readStop !== 'function' || typeof handle.close !== 'function') return undefined;
  if (typeof parser?.unconsume !== 'function') return undefined;
  handle.readStop();
  // The next socket of this handle starts to read only where this is false.
  handle.reading = false;
  parser.unconsume();
  parser._consumed = false;
  handle._consumed = false;
  (socket as unknown as HttpParts)._handle = null;
  return handle as FreeHandle;
}

/** Gives a handle to a server as a new connection, as its listener would. */
export function adoptHandle(server: Server, handle: FreeHandle): void {
  const { allowHalfOpen, pauseOnConnect } = server as unknown as {
    readonly allowHalfOpen?: boolean;
    readonly pauseOnConnect?: boolean;
  };
  const options = {
    handle,
    readable: true,
    writable: true,
    allowHalfOpen: allowHalfOpen === true,
    pauseOnCreate: pauseOnConnect === true,
  };
  const socket = new Socket(options);
  const counted = server as unknown as { _connections: number };
  counted._connections += 1;
  Object.assign(socket, { server, _server: server });
  server.emit('connection', socket);
}

/** The socket that Node has made of a handle. */
export function socketOf(handle: unknown): Socket | undefined {
  if (typeof handle !== 'object' || handle === null) return undefined;
  const socket = hidden<unknown>(handle, 'owner_symbol');
  return socket instanceof Socket ? socket : undefined;
}
