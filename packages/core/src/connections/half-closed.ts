import type { Socket } from 'node:net';
import { now } from '../clock.ts';
import type { DrainLimits } from '../drain/limits.ts';
import { ownListener } from '../node-internals/hand-over.ts';
import { isPassedOn } from '../node-internals/net.ts';
import { linger } from './linger.ts';
import { received } from './received.ts';
import { createSchedule } from './schedule.ts';

/** Silence after which the client of a half-closed connection has nothing more to say, in milliseconds. */
const QUIET_MS = 1_000;

/** Ends connections that the application has ended, and whose clients keep their half open. */
export interface HalfClosed {
  /**
   * @param saidAll - called when nothing more is expected of the client
   * @param uploads - whether the client may have something to send that is owed to it: an upload beside an answer
   */
  readonly watch: (socket: Socket, saidAll: () => void, uploads: boolean) => void;
  readonly stop: () => void;
}

interface Ended {
  readonly socket: Socket;
  readonly saidAll: () => void;
  readonly uploads: boolean;
  /** When half of the time that was left at the FIN is over. */
  readonly half: number;
  /** Bytes received from the client. */
  heard: number;
  /** When more of them were seen last. */
  heardAt: number;
}

/**
 * What the application does not read is dropped at once: all that there was to say is said. Of what it reads, a client
 * may send the rest: for half of the time that is left, as long as to answer the Close of a WebSocket; an upload goes
 * on after that while its bytes arrive.
 */
export function createHalfClosed(limits: () => DrainLimits): HalfClosed {
  const looks = createSchedule<Ended>(look);
  let stopped = false;

  function look(ended: Ended): void {
    const { socket, saidAll, uploads, half } = ended;
    if (socket.destroyed || isPassedOn(socket)) return;
    const time = now();
    const heard = received(socket);
    if (heard !== ended.heard) {
      ended.heard = heard;
      ended.heardAt = time;
    }
    // The clock decides, not the count of looks: a timer may fire a millisecond early, so that two looks follow.
    const until = uploads ? Math.max(half, ended.heardAt + QUIET_MS) : half;
    if (isRead(socket) && until > time) {
      looks.set(ended, until - time);
      return;
    }
    saidAll();
    linger(socket, { deaf: true });
  }

  return {
    watch: (socket, saidAll, uploads) => {
      whenEnded(socket, () => {
        if (stopped) return;
        const time = now();
        const half = time + limits().left() / 2;
        looks.set({ socket, saidAll, uploads, half, heard: received(socket), heardAt: -Infinity }, 0);
      });
    },
    stop: () => {
      stopped = true;
      looks.stop();
    },
  };
}

/** Calls `ended` when the FIN of a connection is sent; at once where it has been. */
export function whenEnded(socket: Socket, ended: () => void): void {
  if (socket.writableFinished) ended();
  else socket.once('finish', ownListener(ended));
}

/** `pipe` listens to `data`, and an async iterator to `readable`. */
function isRead(socket: Socket): boolean {
  return socket.listenerCount('data') > 0 || socket.listenerCount('readable') > 0;
}
