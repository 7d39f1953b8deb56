import type { Server } from 'node:net';
import { now, sleep } from '../clock.ts';
import type { QuietDelay } from '../api/options.ts';

/** How often a quiet delay looks, in milliseconds. */
const LOOK_MS = 20;

/** Waits `max` milliseconds, or until no server had a new connection for `quiet` of them. */
export async function waitDelay({ max, quiet }: QuietDelay, servers: readonly Server[]): Promise<void> {
  if (quiet === Infinity) return sleep(max);
  const end = now() + max;
  let last = now();
  const note = (): void => {
    last = now();
  };
  for (const server of servers) server.on('connection', note);
  while (now() < end && now() - last < quiet) await sleep(Math.min(LOOK_MS, quiet));
  for (const server of servers) server.off('connection', note);
}
