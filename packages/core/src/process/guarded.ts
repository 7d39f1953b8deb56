import { isLeaving } from './exit.ts';
import { shared } from './registry.ts';
import { runningStops, watchStops } from './stops.ts';

/** Names of what a copy of this package guards already: a second copy leaves that to the first. */
const guarded = shared<Set<string>>('guarded', Set);

/**
 * Guards a part of the process from the first stop on until none runs any more, or, where the process is to exit then,
 * until it does. Nothing is replaced while nothing is shutting down.
 *
 * @param guard - begins, and returns a function that ends it
 * @param isNeeded - where the guard ends sooner
 */
export function guardOnce(name: string, guard: () => () => void, isNeeded: () => boolean = isStopping): void {
  let end: (() => void) | undefined;
  watchStops(() => {
    const needed = isNeeded();
    if (needed && end === undefined && !guarded.has(name)) {
      guarded.add(name);
      end = guard();
    } else if (!needed && end !== undefined) {
      guarded.delete(name);
      end();
      end = undefined;
    }
  });
}

/** Whether a stop runs, or is over and the process about to exit. */
export const isStopping = (): boolean => runningStops().length > 0 || isLeaving();
