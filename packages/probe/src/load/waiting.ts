import { now } from '../measure/attempt.ts';

/** Pauses of the clients, which all end when the load is stopped. */
export interface Waiting {
  /** Calls back after some milliseconds, or as soon as the load is stopped. */
  later(delay: number, callback: () => void): void;
  /**
   * As `later`, for a client that keeps its connection meanwhile: calls back when what has arrived was read. `late`
   * where this process kept the client waiting for so long that its connection is not to be relied on any more.
   */
  pause(delay: number, callback: (late: boolean) => void): void;
  /** Ends all pauses, and those that are begun later. */
  end(): void;
}

/** A server may have ended a connection in good faith that was idle for so much longer than meant. */
const LATE_MS = 250;

export function createWaiting(): Waiting {
  const waiting = new Map<() => void, NodeJS.Timeout>();
  let ended = false;

  function later(delay: number, callback: () => void): void {
    const run = (): void => {
      waiting.delete(run);
      callback();
    };
    waiting.set(run, setTimeout(run, ended ? 0 : delay));
  }

  return {
    later,
    // A timer that is late fires before a FIN is read that arrived long ago; after the next poll it has been read.
    pause(delay, callback) {
      const due = now() + delay;
      later(delay, () => setImmediate(() => callback(now() - due > LATE_MS)));
    },
    end() {
      ended = true;
      for (const [run, timer] of waiting) {
        clearTimeout(timer);
        run();
      }
    },
  };
}
