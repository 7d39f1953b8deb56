import type { Server } from 'node:net';
import { listenHandle, type ListenHandle } from './handle.ts';
import type { loadSystemCalls, SystemCalls } from './native.ts';

/** What a sealing method knows of the listener it closes. It knows nothing of HTTP. */
export interface Listener {
  readonly server: Server;
  readonly handle: ListenHandle;
  /** Path of a Unix socket, or undefined for TCP. */
  readonly path: string | undefined;
  /** TCP port, or 0. */
  readonly port: number;
  /** Address of a TCP listener, or ''. */
  readonly host: string;
  /** undefined where there is no addon; `noSystem` tells why. */
  readonly system: SystemCalls | undefined;
  readonly noSystem: string;
  /** Whether SO_REUSEPORT is set: other sockets may share the port. */
  readonly shared: boolean;
  /** Whether the kernel has been answering with SYN cookies. */
  readonly cookies: boolean;
  /** Longest wait for handshakes in progress, in milliseconds. */
  readonly handshakeTimeout: number;
  /** Connections that reached the server since this object was made, dropped ones included. */
  readonly accepted: () => number;
  /** Whether the deadline that bounds the whole close has passed. */
  readonly expired: () => boolean;
  readonly release: () => void;
}

export interface ListenerContext {
  readonly native: ReturnType<typeof loadSystemCalls>;
  readonly cookies: boolean;
  readonly handshakeTimeout: number;
  readonly expired: () => boolean;
}

export function inspectListener(server: Server, context: ListenerContext): Listener {
  const address = server.address();
  const handle = listenHandle(server);
  const { native, cookies, handshakeTimeout, expired } = context;
  const system = native.calls;
  let accepted = 0;
  const count = (): void => {
    accepted += 1;
  };
  server.on('connection', count);
  server.on('drop', count);
  return {
    server,
    handle,
    system,
    noSystem: native.calls === undefined ? native.why : 'the socket has no file descriptor here',
    cookies,
    handshakeTimeout,
    expired,
    path: typeof address === 'string' ? address : undefined,
    port: typeof address === 'object' && address ? address.port : 0,
    host: typeof address === 'object' && address ? address.address : '',
    shared: handle.fd >= 0 && system?.reusePort(handle.fd) === 1,
    accepted: () => accepted,
    release: () => {
      server.off('connection', count);
      server.off('drop', count);
    },
  };
}

/** The address as a person writes it: `127.0.0.1:3000`, `[::]:3000`, `/run/app.sock`. */
export function describeAddress(server: Server): string {
  const address = server.address();
  if (address === null) return 'not listening';
  if (typeof address === 'string') return address;
  return address.family === 'IPv6'
    ? `[${address.address}]:${address.port}`
    : `${address.address}:${address.port}`;
}
