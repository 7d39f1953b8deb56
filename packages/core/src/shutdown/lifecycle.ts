import { createDeadline, type Deadline, setImmediate } from '../clock.ts';
import type { ShutdownReport, State } from '../api/report.ts';
import type { Events } from './events.ts';
import type { DrainOrder } from './steps.ts';
import type { Hold } from './hold.ts';

/** Where a coordinator stands: its state, its readiness, and the one shutdown that it can have. */
export interface Lifecycle {
  readonly state: () => State;
  /** False from the first step of a shutdown on, and while `setReady(false)` holds. */
  readonly ready: () => boolean;
  readonly setReady: (ready: boolean) => void;
  readonly enter: (next: State) => void;
  /** Begins the shutdown, or joins the one that has begun, whose end may come earlier by that, and never later. */
  readonly begin: (order: DrainOrder) => Promise<ShutdownReport>;
  /** Milliseconds that the shutdown has left; 0 before and after it. */
  readonly left: () => number;
}

/**
 * @param timeout - milliseconds for a shutdown whose order names none
 * @param run - takes the steps of the shutdown; called at most once
 */
export function createLifecycle(
  events: Events,
  hold: Hold,
  timeout: number,
  run: (order: DrainOrder, deadline: Deadline) => Promise<ShutdownReport>,
): Lifecycle {
  let state: State = 'running';
  let ready = true;
  let shutdown: Promise<ShutdownReport> | undefined;
  let deadline: Deadline | undefined;

  function begin(order: DrainOrder): Promise<ShutdownReport> {
    if (shutdown !== undefined) {
      if (order.timeout !== undefined) deadline?.shorten(order.timeout);
      return shutdown;
    }
    // Set before the first step: an event listener may call `shutdown()` itself, and must join this one.
    let start = (): void => {};
    shutdown = new Promise<void>((resolve) => {
      start = resolve;
    }).then(() => running);
    hold.begin();
    deadline = createDeadline(order.timeout ?? timeout);
    const running = run(order, deadline);
    start();
    // A turn later, so that a program which awaits the report gets it before the process may exit.
    void shutdown.then(() => setImmediate(hold.end));
    return shutdown;
  }

  return {
    state: () => state,
    ready: () => ready && state === 'running',
    setReady: (value) => {
      ready = value;
    },
    enter: (next) => {
      const previous = state;
      state = next;
      events.emit('state', { state, previous });
    },
    begin,
    left: () => deadline?.left() ?? 0,
  };
}
