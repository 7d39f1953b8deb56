import type { Socket } from 'node:net';
import { clearTimeout, setTimeout } from '../clock.ts';
import { hidden } from './http.ts';

interface Timed {
  readonly _idleStart?: unknown;
}

/**
 * Milliseconds since a socket read or wrote the last time; undefined where Node does not keep that. Each read and write
 * restarts the timer of `socket.setTimeout`, and `http.Server` sets that for each connection that waits for its next
 * request (`keepAliveTimeout`).
 *
 * @returns a function for many sockets in one turn: the clock of the timers stands still in it
 */
export function readActivity(): (socket: Socket) => number | undefined {
  const probe = setTimeout(() => {}, 1);
  clearTimeout(probe);
  const time = startOf(probe);
  return (socket) => {
    const start = startOf(hidden<object | null>(socket, 'timeout'));
    return time === undefined || start === undefined ? undefined : Math.max(0, time - start);
  };
}

function startOf(timer: object | null | undefined): number | undefined {
  const { _idleStart: start }: Timed = timer ?? {};
  return typeof start === 'number' && start >= 0 ? start : undefined;
}
