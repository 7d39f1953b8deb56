import { channel } from 'node:diagnostics_channel';
import type { ConnectionCounts } from '../drain/limits.ts';
import { expected } from '../api/errors.ts';
import type { ShutdownReport, State } from '../api/report.ts';

/** Where a drain stands; given once a second while it lasts. */
export interface Progress extends ConnectionCounts {
  readonly state: State;
  /** Milliseconds until connections are cut. */
  readonly left: number;
  /** The requests that are waited for, the oldest first, at most ten: `GET /export, 4.2 s`. */
  readonly waiting: readonly string[];
}

/**
 * What a coordinator tells. Each is also published on `diagnostics_channel` as `graceful-cluster:shutdown:<event>`,
 * for every coordinator of the process.
 */
export interface CoordinatorEvents {
  /** The state machine moved. */
  readonly state: { readonly state: State; readonly previous: State };
  /** The listeners are off the network: endless streams and raw sockets should end now. */
  readonly closing: { readonly reason: string };
  readonly progress: Progress;
  /** The report is complete; the process exits next, if a signal began this. */
  readonly stopped: ShutdownReport;
}

type Listener<Event extends keyof CoordinatorEvents> = (details: CoordinatorEvents[Event]) => void;

export interface Events {
  /** Returns a function that takes the listener off again. */
  readonly on: <Event extends keyof CoordinatorEvents>(event: Event, listener: Listener<Event>) => () => void;
  readonly emit: <Event extends keyof CoordinatorEvents>(
    event: Event,
    details: CoordinatorEvents[Event],
  ) => void;
  readonly clear: () => void;
}

const channels = {
  state: channel('graceful-cluster:shutdown:state'),
  closing: channel('graceful-cluster:shutdown:closing'),
  progress: channel('graceful-cluster:shutdown:progress'),
  stopped: channel('graceful-cluster:shutdown:stopped'),
};

/** @param failed - called with what a listener threw: one bad listener must not stop a shutdown */
export function createEvents(failed: (error: unknown) => void): Events {
  const listeners = new Map<string, Set<(details: never) => void>>();
  return {
    on: (event, listener) => {
      if (!Object.hasOwn(channels, event)) {
        throw expected(
          'ERR_GRACEFUL_INVALID_ARGUMENT',
          'event',
          `one of ${Object.keys(channels).join(', ')}`,
          event,
        );
      }
      if (typeof listener !== 'function') {
        throw expected('ERR_GRACEFUL_INVALID_ARGUMENT', 'listener', 'a function', listener);
      }
      const set = listeners.get(event) ?? new Set();
      listeners.set(event, set.add(listener));
      return () => {
        set.delete(listener);
      };
    },
    emit: (event, details) => {
      if (channels[event].hasSubscribers) channels[event].publish(details);
      for (const listener of listeners.get(event) ?? []) {
        try {
          (listener as Listener<typeof event>)(details);
        } catch (error) {
          failed(error);
        }
      }
    },
    clear: () => listeners.clear(),
  };
}
