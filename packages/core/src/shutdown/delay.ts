import type { Server } from 'node:net';
import type { Delay } from '../api/options.ts';
import { now, sleep } from '../clock.ts';

/** How often a delay looks whether it may end, in milliseconds. */
const LOOK_MS = 20;

/**
 * Waits `min` milliseconds, and then until no new connection came for `quiet` of them, or until `max`.
 *
 * @param arrived - connections that came to other processes so far. Where it is undefined, silence can't be told from
 * traffic, and the delay lasts until `max`.
 */
export async function waitDelay(
  { min, max, quiet }: Delay,
  servers: readonly Server[],
  arrived: () => number | undefined,
): Promise<void> {
  if (min === max) return sleep(max);
  const start = now();
  let last = start;
  let seen = arrived();
  const note = (): void => {
    last = now();
  };
  for (const server of servers) server.on('connection', note);
  while (now() - start < max) {
    const count = arrived();
    if (count === undefined || count !== seen) note();
    seen = count;
    if (now() - start >= min && now() - last >= quiet) break;
    await sleep(Math.min(LOOK_MS, quiet));
  }
  for (const server of servers) server.off('connection', note);
}
