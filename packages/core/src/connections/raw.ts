import { Socket, type Server } from 'node:net';
import type { CutConnection } from '../api/report.ts';
import type { Connections } from '../drain/connections.ts';
import { peerName } from './names.ts';
import { createOpenSet } from './open-set.ts';

/**
 * Connections of a plain `net.Server` or `tls.Server`: the application is told and ends them; what is left is cut.
 *
 * @param event - `connection`, or `secureConnection` for a server over TLS
 */
export function trackRaw(server: Server, event: 'connection' | 'secureConnection'): Connections {
  let draining = false;
  let gone = 0;
  const sockets = createOpenSet<Socket, Socket>(() => {
    if (draining) gone += 1;
  });
  const add = (socket: Socket): void => sockets.add(socket, socket);
  server.on(event, add);

  return {
    counts: () => ({ open: sockets.entries.size, inFlight: 0, idle: sockets.entries.size }),
    waiting: (limit) => [...sockets.entries.keys()].slice(0, limit).map(peerName),
    announce: () => {},
    drain: () => {
      draining = true;
    },
    whenEmpty: sockets.whenEmpty,
    cut: () =>
      [...sockets.entries.keys()].map((socket): CutConnection => {
        const cut: CutConnection = {
          kind: 'raw',
          name: peerName(socket),
          requests: 0,
          lost: !saidAll(socket),
        };
        sockets.remove(socket);
        socket.destroy();
        return cut;
      }),
    totals: () => ({ inFlight: 0, served: 0, answered: 0, idle: 0, gone }),
    open: () => [...sockets.entries.keys()],
    adopt: (open) => {
      if (!Array.isArray(open)) return;
      for (const socket of open) if (socket instanceof Socket && !socket.destroyed) add(socket);
    },
    release: () => {
      server.off(event, add);
      sockets.clear();
    },
  };
}

/** The application has ended it, and only the client's FIN is missing. */
function saidAll(socket: Socket): boolean {
  return socket.writableFinished && (!socket.allowHalfOpen || socket.readableEnded);
}
