import { getSystemErrorName } from 'node:util';
import { emptyQueue } from '../accept-queue.ts';
import { waitFixed, waitForHandshakes } from '../handshakes.ts';
import type { SealMethod } from './seal.ts';

/** Wait in milliseconds where handshakes in progress cannot be counted. It must be longer than a round trip and
 * shorter than the 1 s after which a client whose SYN was dropped tries again. */
const UNCOUNTED_WAIT_MS = 900;

/**
 * Attaches a classic BPF program that drops segments with SYN set and ACK clear (SO_ATTACH_FILTER). Recent kernels
 * want CAP_NET_ADMIN for that on a TCP socket, stable ones included (6.1.192, 6.18.44); older ones do not. For kernels
 * before 5.7, listeners bound to a device, SYN cookies (a cookie's ACK needs the listener) and one member of a
 * SO_REUSEPORT group.
 */
export const filter: SealMethod = {
  seal: 'filter',
  apply: ({ system, noSystem, socket }) => {
    if (system === undefined) return `filter: ${noSystem}`;
    if (socket.path !== undefined) return 'filter: not a TCP socket, which takes the program and ignores it';
    const error = system.attachSynFilter(socket.fd);
    return error < 0 ? `filter: SO_ATTACH_FILTER failed with ${getSystemErrorName(error)}` : undefined;
  },
  finish: async (target, close, handshakes) => {
    // Handshakes under cookies are in no table, and those of a shared port may belong to another member.
    if (target.cookies || target.shared) {
      await waitFixed(target, Math.min(UNCOUNTED_WAIT_MS, target.handshakeTimeout));
    } else {
      await waitForHandshakes(target, handshakes);
    }
    await emptyQueue(target);
    close();
  },
};
