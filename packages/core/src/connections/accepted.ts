import type { Socket } from 'node:net';
import { now } from '../clock.ts';

const accepted: unique symbol = Symbol('graceful-cluster.accepted');

interface Noted extends Socket {
  [accepted]?: number;
}

/** Notes when a connection was accepted, in whole milliseconds: no Node line exposes that of a silent connection. */
export function noteAccepted(socket: Socket): void {
  const noted: Noted = socket;
  noted[accepted] = Math.ceil(now());
}

export function acceptedAt(socket: Socket): number | undefined {
  return (socket as Noted)[accepted];
}
