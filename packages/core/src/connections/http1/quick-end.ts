import type { Socket } from 'node:net';
import type { DrainLimits } from '../../drain/limits.ts';
import { dropInput } from '../../node-internals/drop-input.ts';
import { isFlushed } from '../../node-internals/hand-over.ts';
import { LINGER_MS } from '../linger.ts';
import { createSchedule } from '../schedule.ts';
import type { Http1Connection } from './request-channel.ts';

/** Ends idle connections as `linger` does, at a third of what that takes: thousands may be idle at the signal. */
export interface QuickEnd {
  /** Returns false, and does nothing, where it cannot be done: over TLS, without the addon, with something to write. */
  readonly end: (connection: Http1Connection) => boolean;
  readonly stop: () => void;
}

interface Lingering {
  readonly socket: Socket;
  heard: boolean;
}

export function createQuickEnd(limits: () => DrainLimits): QuickEnd {
  const lingering = createSchedule<Lingering>((entry) => {
    const { socket, heard } = entry;
    if (socket.destroyed) return;
    if (!heard) {
      socket.destroy();
      return;
    }
    entry.heard = false;
    lingering.set(entry, LINGER_MS);
  });

  return {
    end: ({ socket, upload }) => {
      if (!limits().sendsFin || upload?.complete === false || !isFlushed(socket)) return false;
      const entry: Lingering = { socket, heard: false };
      const dropped = dropInput(socket, (ended) => {
        if (ended) socket.destroy();
        else entry.heard = true;
      });
      if (!dropped) return false;
      // No FIN can be sent where the connection is closed already.
      if (limits().sendFin(socket)) lingering.set(entry, LINGER_MS);
      else socket.destroy();
      return true;
    },
    stop: lingering.stop,
  };
}
