import { channel } from 'node:diagnostics_channel';
import { setMaxListeners } from 'node:events';
import { expected } from '../api/errors.ts';
import type { CoordinatorEvents, EventListener, OnEvent } from '../api/events.ts';
import { containRejection } from './containment.ts';

export interface Events {
  readonly on: OnEvent;
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
  retired: channel('graceful-cluster:shutdown:retired'),
};

/** @param failed - called with what a listener threw or rejected with: one bad listener must not stop a shutdown */
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
          const returned: unknown = (listener as EventListener<typeof event>)(details);
          containRejection(failed, returned);
        } catch (error) {
          failed(error);
        }
      }
    },
    clear: () => listeners.clear(),
  };
}

/** The controller of `coordinator.signal`. Each request may listen to that, and Node 20 would warn of the eleventh. */
export function createAbort(): AbortController {
  const abort = new AbortController();
  setMaxListeners(0, abort.signal);
  return abort;
}
