import { Socket } from 'node:net';
import type { Server, TLSSocket } from 'node:tls';
import type { CutConnection } from '../api/report.ts';
import type { Connections } from '../drain/connections.ts';
import { now } from '../clock.ts';
import { rawSocket } from '../node-internals/tls.ts';
import { silentGrace, type DrainLimits } from '../drain/limits.ts';
import { createOpenSet } from './open-set.ts';
import { peerName, withAge } from './names.ts';

/**
 * Connections of a TLS server whose handshake is not finished. From `secureConnection` on, the same connection is
 * another kind's. One that never sent a byte is closed like any silent connection; one in the middle of its handshake
 * has until the deadline.
 */
export function trackTlsHandshakes(server: Server): Connections {
  let limits: DrainLimits | undefined;
  let gone = 0;
  const timers = new Set<NodeJS.Timeout>();
  const sockets = createOpenSet<Socket, number>(() => {
    if (limits !== undefined) gone += 1;
  });

  function closeIfSilent(socket: Socket): void {
    if (!sockets.entries.has(socket) || socket.bytesRead > 0 || limits?.unread(socket)) return;
    socket.destroy();
  }

  function begin(socket: Socket, since: number): void {
    if (limits === undefined) return;
    const timer = setTimeout(
      () => {
        timers.delete(timer);
        // After the poll: where the loop is late, what came in time waits in the kernel.
        setImmediate(closeIfSilent, socket);
      },
      silentGrace(limits, since),
    );
    // The open socket holds the event loop; once it is gone this must not.
    timers.add(timer.unref());
  }

  const onConnection = (socket: Socket): void => {
    const since = now();
    sockets.add(socket, since);
    begin(socket, since);
  };
  const onSecure = (socket: TLSSocket): void => {
    const raw = rawSocket(socket);
    if (raw !== undefined) sockets.remove(raw);
  };
  server.on('connection', onConnection);
  // First, so that the connection is never counted twice.
  server.prependListener('secureConnection', onSecure);

  return {
    counts: () => ({ open: sockets.entries.size, inFlight: 0, idle: sockets.entries.size }),
    waiting: (limit) =>
      [...sockets.entries].slice(0, limit).map(([socket, since]) => {
        return withAge(`TLS handshake of ${peerName(socket)}`, since);
      }),
    announce: () => {},
    drain: (given) => {
      if (limits !== undefined) return;
      limits = given;
      for (const [socket, since] of sockets.entries) begin(socket, since);
    },
    whenEmpty: sockets.whenEmpty,
    cut: () =>
      [...sockets.entries.keys()].map((socket): CutConnection => {
        const lost = socket.bytesRead > 0;
        const name = peerName(socket);
        sockets.remove(socket);
        socket.destroy();
        return { kind: 'tls-handshake', name, requests: 0, lost };
      }),
    totals: () => ({ inFlight: 0, served: 0, answered: 0, idle: 0, gone }),
    open: () => [...sockets.entries.keys()],
    adopt: (open) => {
      if (!Array.isArray(open)) return;
      for (const socket of open) if (socket instanceof Socket && !socket.destroyed) onConnection(socket);
    },
    release: () => {
      server.off('connection', onConnection);
      server.off('secureConnection', onSecure);
      for (const timer of timers) clearTimeout(timer);
      sockets.clear();
    },
  };
}
