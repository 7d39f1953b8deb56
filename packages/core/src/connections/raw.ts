import { Server, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { CutConnection } from '../api/report.ts';
import { cutEach, NO_TOTALS, type Connections } from '../drain/connections.ts';
import { NO_LIMITS } from '../drain/limits.ts';
import { serverOf } from '../node-internals/hand-over.ts';
import { isPassedOn, openSockets } from '../node-internals/net.ts';
import { linger } from './linger.ts';
import { createHalfClosed } from './half-closed.ts';
import { peerName } from './names.ts';
import { createOpenSet } from './open-set.ts';

/** For each stream that is tracked here, a function that takes it out of its set. */
const leaving = new WeakMap<Duplex, (stream: Duplex) => void>();

/**
 * Lets go of a connection that another kind has from now on: a server that looks at the first byte gives it to one that
 * speaks HTTP or TLS, by `emit('connection')`.
 */
export function leaveRaw(stream: Duplex): void {
  leaving.get(stream)?.(stream);
}

export interface RawOptions {
  /** Whether a connection is of this kind. Default: all are. */
  readonly takes?: (socket: Socket) => boolean;
  /** Whether Node has answered and ended its half: what clients still send is not read. Default: false. */
  readonly answered?: () => boolean;
}

/**
 * Connections of a plain `net.Server` or `tls.Server`: the application learns of the stop by `signal` and `closing`,
 * and ends them; what is left is cut.
 *
 * @param event - `connection`, or `secureConnection` for a server over TLS
 */
export function trackRaw(
  server: Server,
  event: 'connection' | 'secureConnection',
  { takes = () => true, answered = () => false }: RawOptions = {},
): Connections {
  let draining = false;
  let limits = NO_LIMITS;
  let gone = 0;
  const said = new WeakSet<Duplex>();
  const halfClosed = createHalfClosed(() => limits);
  const sockets = createOpenSet<Duplex, Duplex>(() => {
    if (draining) gone += 1;
  }, isPassedOn);
  function end(socket: Duplex): void {
    if (!draining) return;
    if (answered()) linger(socket as Socket, { deaf: true });
    else halfClosed.watch(socket as Socket, () => said.add(socket), socket.allowHalfOpen);
  }
  const add = (socket: Duplex): void => {
    if (!takes(socket as Socket)) return;
    sockets.add(socket, socket);
    leaving.set(socket, sockets.remove);
    end(socket);
  };
  server.on(event, add);
  if (event === 'connection') for (const socket of openSockets(server)) add(socket);

  return {
    counts: () => {
      sockets.sweep();
      return { open: sockets.entries.size, inFlight: 0, idle: sockets.entries.size };
    },
    unsettled: () => 0,
    waiting: (limit) => [...sockets.entries.keys()].slice(0, limit).map(peerName),
    announce: () => {},
    drain: (given) => {
      // Sockets that were passed on before are no part of the drain.
      sockets.sweep();
      draining = true;
      limits = given;
      for (const socket of sockets.entries.keys()) end(socket);
    },
    whenEmpty: sockets.whenEmpty,
    cut: (enough) =>
      cutEach(sockets.entries.keys(), enough, (socket) => {
        const cut: CutConnection = {
          kind: 'raw',
          name: peerName(socket),
          requests: 0,
          lost: !said.has(socket) && !saidAll(socket),
        };
        sockets.remove(socket);
        socket.destroy();
        return cut;
      }),
    totals: () => ({ ...NO_TOTALS, gone }),
    behind: () => {
      const all = new Set([...sockets.entries.keys()].map((socket) => serverOf(socket as Socket)));
      return [...all].filter(
        (each): each is Server => each instanceof Server && !each.listening && each !== server,
      );
    },
    open: () => [...sockets.entries.keys()],
    adopt: (open) => {
      if (!Array.isArray(open)) return;
      for (const socket of open) if (socket instanceof Duplex && !socket.destroyed) add(socket);
    },
    release: () => {
      server.off(event, add);
      halfClosed.stop();
      sockets.clear();
    },
  };
}

/** Whether the application has ended it, and only the client's FIN is missing; or neither side ever sent a byte. */
function saidAll(socket: Duplex): boolean {
  const { bytesRead, bytesWritten } = socket as Socket;
  if (bytesRead === 0 && bytesWritten === 0) return true;
  return socket.writableFinished && (!socket.allowHalfOpen || socket.readableEnded);
}
