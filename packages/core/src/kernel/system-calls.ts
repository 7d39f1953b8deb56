import { findAddon } from './addon.ts';

/**
 * The system calls of this package, raw and synchronous. Each returns a value of 0 or more, or a negative errno
 * (`util.getSystemErrorName` names it), and never throws: a missing argument, one of the wrong type or one out of
 * range gives -22 (EINVAL). They never wait.
 */
export interface SystemCalls {
  /**
   * Binds a socket to the interface of this index (SO_BINDTOIFINDEX, Linux 5.0), whether it exists or not; 0 unbinds.
   * Unprivileged since Linux 5.7 for a socket that is not bound yet; otherwise EPERM without CAP_NET_RAW.
   */
  readonly bindToInterface: (fd: number, index: number) => number;
  /** The index of the interface the socket is bound to, 0 = none. */
  readonly boundInterface: (fd: number) => number;
  /**
   * Attaches a BPF filter that drops TCP segments with SYN set and ACK clear and lets all others pass
   * (SO_ATTACH_FILTER, socket(7)). Connections accepted later inherit it, without effect on them. On a TCP socket
   * newer kernels want CAP_NET_ADMIN for it, otherwise EPERM (commit 5d39580f68e6; stable 6.1.192 and 6.18.44 have it).
   */
  readonly attachSynFilter: (fd: number) => number;
  /**
   * Connections in the accept queue of a listening TCP socket: `tcpi_unacked` of TCP_INFO. EINVAL for a socket that
   * does not listen, EOPNOTSUPP for a Unix socket. A sandbox with a TCP stack of its own may always answer 0.
   */
  readonly acceptQueueLength: (fd: number) => number;
  /**
   * Takes one connection out of the accept queue (accept4) and gives its descriptor, non-blocking and close-on-exec.
   * EAGAIN where the queue is empty, EMFILE where the process may open no more; EINVAL for a socket that does not
   * listen, or that is blocking.
   */
  readonly acceptConnection: (fd: number) => number;
  /** 1 where SO_REUSEPORT is set on the socket, otherwise 0. */
  readonly reusePort: (fd: number) => number;
  /**
   * TCP sockets of either family in state SYN_RECV with this local port in this network namespace, counted by
   * sock_diag(7) without privileges. The errno of socket(2) where a sandbox forbids netlink; EINTR where the table
   * changed while it was read.
   */
  readonly synReceived: (port: number) => number;
  /** Bytes that wait in the receive queue of a connection (FIONREAD). EINVAL for a socket that listens. */
  readonly unreadBytes: (fd: number) => number;
  /**
   * Shuts a socket down for reading (SHUT_RD), and returns 0. A listening Unix socket refuses every connect from then
   * on, and what is in its queue can still be accepted. Never on TCP: there it takes the listener down with its queue.
   */
  readonly shutdownRead: (fd: number) => number;
  /**
   * Sends a FIN behind what was written (SHUT_WR), and returns 0; more than once does no harm. ENOTCONN once both sides
   * have ended.
   */
  readonly shutdownWrite: (fd: number) => number;
  /**
   * Sends one datagram of at most 4,095 bytes to a Unix socket; a path that begins with `@` is abstract. ENOENT or
   * ECONNREFUSED where no process listens there, EAGAIN where its queue is full.
   */
  readonly sendDatagram: (path: string, text: string) => number;
}

/** The addon, or a short sentence that says why there is none. */
export type LoadedSystemCalls =
  | { readonly calls: SystemCalls }
  | { readonly calls: undefined; readonly why: string };

const NAMES = [
  'bindToInterface',
  'boundInterface',
  'attachSynFilter',
  'acceptQueueLength',
  'acceptConnection',
  'reusePort',
  'synReceived',
  'unreadBytes',
  'shutdownRead',
  'shutdownWrite',
  'sendDatagram',
] as const satisfies readonly (keyof SystemCalls)[];

let loaded: LoadedSystemCalls | undefined;

/**
 * Loads the addon of this platform on the first call and remembers the outcome. Never throws. The environment
 * variable GRACEFUL_CLUSTER_NATIVE=off keeps it from being loaded, as if this platform had none; a path there is the
 * addon's file.
 */
export function loadSystemCalls(): LoadedSystemCalls {
  loaded ??= load();
  return loaded;
}

function load(): LoadedSystemCalls {
  const addon = findAddon();
  if (addon.file === undefined) return absent(addon.why);
  const calls: Partial<SystemCalls> = {};
  try {
    process.dlopen({ exports: calls }, addon.file);
  } catch (error) {
    return absent(`the addon did not load (${describe(error)})`);
  }
  return isComplete(calls) ? { calls } : absent('the addon is not of this version');
}

function isComplete(calls: Partial<SystemCalls>): calls is SystemCalls {
  return NAMES.every((name) => typeof calls[name] === 'function');
}

function absent(why: string): LoadedSystemCalls {
  return { calls: undefined, why };
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [firstLine] = error.message.split('\n');
  return 'code' in error ? `${String(error.code)}: ${firstLine}` : String(firstLine);
}
