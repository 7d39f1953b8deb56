import type { ListeningSocket } from './listening-socket.ts';
import type { loadSystemCalls, SystemCalls } from '../kernel/system-calls.ts';

export interface SealContext {
  readonly native: ReturnType<typeof loadSystemCalls>;
  /** Whether the kernel has been answering with SYN cookies. */
  readonly cookies: boolean;
  /** Whether all processes that share the port close it, as a cluster does. False where this one decides alone. */
  readonly together: boolean;
  /** Longest wait for handshakes in progress, in milliseconds. */
  readonly handshakeTimeout: number;
  /** Whether the deadline that bounds the whole close has passed. */
  readonly expired: () => boolean;
}

/** What a sealing method knows of the listener it closes. It knows nothing of HTTP. */
export interface SealTarget extends Omit<SealContext, 'native'> {
  readonly socket: ListeningSocket;
  /** Undefined where there is no addon, or no file descriptor to use it on; `noSystem` says why. */
  readonly system: SystemCalls | undefined;
  readonly noSystem: string;
  /** Whether sockets that stay open share the port (SO_REUSEPORT). */
  readonly shared: boolean;
}

export function inspectTarget(socket: ListeningSocket, context: SealContext): SealTarget {
  const { native, ...rest } = context;
  const system = socket.fd < 0 ? undefined : native.calls;
  return {
    ...rest,
    socket,
    system,
    noSystem: native.calls === undefined ? native.why : 'the socket has no file descriptor here',
    shared: !context.together && system?.reusePort(socket.fd) === 1,
  };
}
