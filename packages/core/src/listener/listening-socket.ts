import { Server } from 'node:net';
import { fileDescriptor, isCopyOfPrimary, isInherited, rawHandle, receiver } from '../node-internals/net.ts';
import { isHeldByChild } from '../kernel/passed-on.ts';
import { closeBeside, notedPath, type UnixPath } from './unix-path.ts';

// Taken before a stop replaces it (shutdown/kept-close.ts).
// oxlint-disable-next-line typescript/unbound-method
const { close: closeListener } = Server.prototype;

/** A listening socket, seen from the kernel's side: that of a `net.Server`, or one that a cluster's primary owns. */
export interface ListeningSocket {
  /**
   * File descriptor, read from the handle each time: the application may close its listener, and the number may belong
   * to another one soon. -1 from then on, and where there is none to be seen (Windows, a round-robin worker).
   */
  readonly fd: number;
  /** Address of a Unix socket, or undefined for TCP. */
  readonly path: string | undefined;
  /** Whose the path of a Unix socket is. */
  readonly unix: UnixPath | undefined;
  /** TCP address and port, or '' and 0. */
  readonly host: string;
  readonly port: number;
  /** Whether a cluster's primary holds the same kernel socket, so that closing this copy resets no client. */
  readonly copied: boolean;
  /** Whether it was passed on by another process (`listen({ fd })`), which may hold it too, as systemd does. */
  readonly inherited: boolean;
  /** Whether a child process holds it too by now, which may outlive this process. */
  readonly passedOn: () => boolean;
  /** Connections that reached this socket's owner since this object was made, dropped ones included. */
  readonly accepted: () => number;
  /**
   * Hands the owner a descriptor that was accepted past libuv, as libuv would. Undefined if the owner has no handle to
   * wrap the descriptor in: accepting would leak the descriptor.
   */
  readonly receive: ((fd: number) => void) | undefined;
  /** Calls `listen(2)` again with another backlog. Returns false where it cannot. */
  readonly relisten: (backlog: number) => boolean;
  /** Closes the listener and nothing else. */
  readonly close: () => void;
  readonly release: () => void;
}

export function serverSocket(server: Server): ListeningSocket {
  const address = addressOf(server);
  const handle = rawHandle(server);
  let accepted = 0;
  const count = (): void => {
    accepted += 1;
  };
  server.on('connection', count);
  server.on('drop', count);
  const path = typeof address === 'string' ? address : undefined;
  const unix = path === undefined ? undefined : notedPath(server, path);
  const close = (): void => {
    if (isListening(server) && rawHandle(server) === handle) closeListener.call(server);
  };
  return {
    get fd() {
      return fileDescriptor(handle);
    },
    path,
    unix,
    // A round-robin worker whose primary has closed knows no address.
    host: (typeof address === 'object' && address?.address) || '',
    port: (typeof address === 'object' && address?.port) || 0,
    copied: isCopyOfPrimary(handle),
    inherited: isInherited(server),
    passedOn: () => isHeldByChild(fileDescriptor(handle)),
    accepted: () => accepted,
    receive: receiver(handle),
    relisten: (backlog) => typeof handle?.listen === 'function' && handle.listen(backlog) === 0,
    // http.Server#close would destroy connections as well: the idle ones on every line, and on Node 26 those just
    // accepted. The same method of net.Server closes the listener alone.
    close: () => {
      if (path === undefined || unix === undefined) close();
      else closeBeside(path, unix, close);
    },
    release: () => {
      server.off('connection', count);
      server.off('drop', count);
    },
  };
}

/**
 * Whether a server listens, whatever its `listening` says to a program that has closed it during a shutdown
 * (postponed-close.ts).
 */
export function isListening(server: Server): boolean {
  return Reflect.get(Server.prototype, 'listening', server);
}

/** Undefined where a program's own `address` throws: the descriptor is enough to close the listener. */
function addressOf(server: Server): ReturnType<Server['address']> | undefined {
  try {
    return server.address();
  } catch {
    return undefined;
  }
}

/**
 * Makes a server go on answering `address()` once it is closed. A program asks for that in its `listening` callback,
 * and Fastify after a lookup of `localhost`: null is not expected there, and would crash the process in the middle of
 * its drain. Returns a function that takes this back.
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

/** The address as a person writes it: `127.0.0.1:3000`, `[::]:3000`, `/run/app.sock`. */
export function describeAddress({ path, host, port }: ListeningSocket): string {
  return path ?? (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
}
