import { sleep, turn, type Deadline } from '../clock.ts';
import type { Drainable } from '../drain/drainable.ts';

/** How often connections are looked at, in milliseconds. */
const LOOK_MS = 25;

/**
 * Resolves when no client can be lost any more by what the program does to its servers, or to what its requests need:
 * the listeners are closed, and no connection is left on which a request may be on its way, or is being answered. A
 * program that answers 503 while it stops, closes its database or flushes its telemetry does no harm then. Event
 * streams and WebSockets are not waited for, since the program may be what ends them; the limit is for what takes
 * longer.
 */
export async function whenCalm(everything: Drainable, limit: Deadline, over: () => boolean): Promise<void> {
  await limit.race(everything.closed());
  // The orders of workers go out in this turn: a signal that the program passes on must reach a worker before it has
  // drained, which takes less than LOOK_MS where it is idle.
  await turn();
  while (!limit.expired() && !over() && everything.unsettled() > 0) await sleep(LOOK_MS);
}
