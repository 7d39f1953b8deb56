import { getSystemErrorName } from 'node:util';
import { emptyQueue } from '../accept-queue.ts';
import { waitForHandshakes } from '../handshakes.ts';
import type { SealMethod } from './seal.ts';

/** The largest interface index: no machine has one of this number. */
const NO_INTERFACE = 0x7fffffff;

/**
 * Binds the listening socket to an interface that does not exist (SO_BINDTOIFINDEX, Linux 5.0; unprivileged since
 * 5.7 where the socket is not bound to a device yet). From that system call on no SYN finds the socket, so a new
 * client gets RST at once: ECONNREFUSED. Handshakes in progress took their interface when their SYN came, so they
 * go on, and the accept queue stays.
 */
export const detach: SealMethod = {
  seal: 'detach',
  apply: ({ system, noSystem, socket, shared, cookies }) => {
    if (system === undefined) return `detach: ${noSystem}`;
    if (socket.path !== undefined) return 'detach: not a TCP socket, which takes the option and ignores it';
    if (shared) return 'detach: the port is shared (SO_REUSEPORT)';
    if (cookies) return 'detach: the kernel answers with SYN cookies';
    // A worker of the same cluster may have done it: binding twice needs a privilege.
    if (system.boundInterface(socket.fd) === NO_INTERFACE) return undefined;
    const error = system.bindToInterface(socket.fd, NO_INTERFACE);
    if (error < 0) return `detach: SO_BINDTOIFINDEX failed with ${getSystemErrorName(error)}`;
    // A sandbox may accept the option and ignore it.
    if (system.boundInterface(socket.fd) !== NO_INTERFACE) return 'detach: SO_BINDTOIFINDEX had no effect';
    return undefined;
  },
  finish: async (target, close, handshakes) => {
    // In this order: a handshake that ends puts its connection into the queue, never the other way round.
    await waitForHandshakes(target, handshakes);
    await emptyQueue(target);
    close();
  },
};
