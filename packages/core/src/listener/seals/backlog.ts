import { connect } from 'node:net';
import { nextTick, now, setImmediate, turn } from '../../clock.ts';
import { quietTurns } from '../accept-queue.ts';
import { isConnected } from '../../node-internals/net.ts';
import type { SealMethod } from './seal.ts';

/** Longest try to get the only place in the queue, in milliseconds: on a busy machine others are often there first. */
const LIMIT_MS = 2_000;

const loopback: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/**
 * Without system calls of our own: shrinks the accept queue to one place, empties it, then connects to itself and
 * closes in the same turn only if that connection got in. It is then the one entry of the queue, and only it is
 * reset. Handshakes in progress over a real network are lost.
 */
export const backlog: SealMethod = {
  seal: 'backlog',
  apply: ({ socket, shared }) => {
    if (process.platform !== 'linux') return 'backlog: only Linux takes a new backlog on a listening socket';
    if (shared) return 'backlog: the port is shared, so a connection to itself may reach another member';
    if (socket.path !== undefined || socket.fd < 0) return 'backlog: not a TCP listener of this process';
    return socket.relisten(0) ? undefined : 'backlog: listen(0) failed';
  },
  finish: async (target, close) => {
    const { host, port } = target.socket;
    await quietTurns(target);
    const end = now() + LIMIT_MS;
    let filled = false;
    while (now() < end && !target.expired()) {
      filled = await fillQueue(port, loopback[host] ?? host);
      if (filled) break;
      await turn();
    }
    close(filled ? 1 : 0, filled);
  },
};

/** Connects to the listener; true if the connection is in its queue now. */
async function fillQueue(port: number, host: string): Promise<boolean> {
  const probe = connect({ port, host });
  // The close of the listener resets this connection, as intended.
  probe.on('error', () => {});
  // net.connect calls connect(2) in a tick of its own, queued before this one. On loopback the whole handshake
  // happens inside that call.
  await new Promise<void>((resolve) => {
    nextTick(resolve);
  });
  const connected = isConnected(probe);
  if (connected) setImmediate(() => probe.destroy());
  else probe.destroy();
  return connected;
}
