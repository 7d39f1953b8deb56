import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { Server, TLSSocket } from 'node:tls';
import { cutEach, NO_TOTALS, type Connections } from '../drain/connections.ts';
import { clearTimeout, now, setImmediate, setTimeout } from '../clock.ts';
import { isPassedOn } from '../node-internals/net.ts';
import { underTls } from '../node-internals/tls.ts';
import { silentGrace, type DrainLimits } from '../drain/limits.ts';
import { createOpenSet } from './open-set.ts';
import { peerName, withAge } from './names.ts';
import { leaveRaw } from './raw.ts';
import { received } from './received.ts';

/**
 * Connections of a TLS server whose handshake is not finished. From `secureConnection` on, the same connection is
 * another kind's. One that never sent a byte is closed like any silent connection; one in the middle of its handshake
 * has until the deadline.
 */
export function trackTlsHandshakes(server: Server): Connections {
  let limits: DrainLimits | undefined;
  let gone = 0;
  const timers = new Set<NodeJS.Timeout>();
  const sockets = createOpenSet<Duplex, number>(() => {
    if (limits !== undefined) gone += 1;
  }, isPassedOn);

  function closeIfSilent(socket: Duplex): void {
    if (!sockets.entries.has(socket) || received(socket) > 0 || limits?.unread(socket as Socket)) return;
    socket.destroy();
  }

  function begin(socket: Duplex, since: number): void {
    if (limits === undefined) return;
    const timer = setTimeout(
      () => {
        timers.delete(timer);
        // After the poll: where the loop is late, what came in time waits in the kernel.
        setImmediate(closeIfSilent, socket);
      },
      silentGrace(limits, since, socket),
    );
    // The open socket holds the event loop; once that is gone the timer must not.
    timers.add(timer.unref());
  }

  const onConnection = (socket: Duplex): void => {
    const since = now();
    leaveRaw(socket);
    sockets.add(socket, since);
    begin(socket, since);
  };
  const onSecure = (socket: TLSSocket): void => {
    const raw = underTls(socket);
    if (raw !== undefined) sockets.remove(raw);
  };
  server.on('connection', onConnection);
  // Prepended: another kind adds the connection in its own listener, and must not find it counted here as well.
  server.prependListener('secureConnection', onSecure);

  return {
    counts: () => {
      sockets.sweep();
      return { open: sockets.entries.size, inFlight: 0, idle: sockets.entries.size };
    },
    unsettled: () => sockets.entries.size,
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
    cut: (enough) =>
      cutEach(sockets.entries.keys(), enough, (socket) => {
        const name = peerName(socket);
        sockets.remove(socket);
        socket.destroy();
        // Nothing was asked for yet: a client that dribbles must not decide how a stop ends.
        return { kind: 'tls-handshake', name, requests: 0, lost: false };
      }),
    totals: () => ({ ...NO_TOTALS, gone }),
    open: () => [...sockets.entries.keys()],
    adopt: (open) => {
      if (!Array.isArray(open)) return;
      for (const socket of open) if (socket instanceof Duplex && !socket.destroyed) onConnection(socket);
    },
    release: () => {
      server.off('connection', onConnection);
      server.off('secureConnection', onSecure);
      for (const timer of timers) clearTimeout(timer);
      sockets.clear();
    },
  };
}
