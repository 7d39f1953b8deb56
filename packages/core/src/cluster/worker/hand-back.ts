import type { Server } from 'node:net';
import { now } from '../../clock.ts';
import { isDealt, socketOf, type FreeHandle, type HandBackTarget } from '../../node-internals/hand-over.ts';
import { addressKey, type WorkerMessage } from '../protocol.ts';
import { keptSince } from './kept.ts';

type Outcome = 'taken' | 'returned' | 'lost';

/** Gives idle connections back to the primary, which deals them again. */
export interface HandBackLink {
  readonly target: HandBackTarget;
  /** A server in the care of this process listens, or will. */
  readonly attached: (server: Server) => void;
  /** What the primary says of the one that is on its way. */
  readonly answered: (id: number, outcome: Outcome) => void;
  /** The primary did not get the handle (`NODE_HANDLE_NACK`), or it is gone. */
  readonly failed: (outcome: Outcome) => void;
}

/** @param send - sends a message with a handle; calls back with an error if it could not be sent */
export function createHandBackLink(
  send: (message: WorkerMessage, handle: FreeHandle, done: (error: Error | null) => void) => void,
): HandBackLink {
  const addresses = new WeakMap<Server, string>();
  let id = 0;
  let settle: ((outcome: Outcome) => void) | undefined;

  const finish = (outcome: Outcome): void => {
    const done = settle;
    settle = undefined;
    done?.(outcome);
  };

  function note(server: Server): void {
    // Once the listener is closed, neither can be asked for.
    if (isDealt(server)) addresses.set(server, addressKey(server.address()));
    else addresses.delete(server);
  }

  return {
    attached: (server) => {
      if (server.listening) note(server);
      server.on('listening', () => note(server));
    },
    answered: (answeredId, outcome) => {
      if (answeredId === id) finish(outcome);
    },
    failed: finish,
    target: {
      deals: (server) => addresses.has(server),
      give: (server, handle, idle) =>
        new Promise((resolve) => {
          id += 1;
          settle = resolve;
          // One that has had a request here is idle since that.
          const since = idle === undefined ? keptSince(socketOf(handle)) : undefined;
          const message: WorkerMessage = {
            type: 'give',
            id,
            listener: addresses.get(server) ?? '',
            idle: since === undefined ? (idle ?? null) : now() - since,
          };
          send(message, handle, (error) => {
            if (error !== null) finish('returned');
          });
        }),
    },
  };
}
