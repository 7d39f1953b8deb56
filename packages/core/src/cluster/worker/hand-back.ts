import type { Server } from 'node:net';
import { now } from '../../clock.ts';
import { isDealt, socketOf, type FreeHandle, type HandBackTarget } from '../../node-internals/hand-over.ts';
import { addressKey, type WorkerMessage } from '../protocol.ts';
import { keptSince } from './kept.ts';

type Outcome = 'taken' | 'returned' | 'lost';

/** A connection that is on its way to the primary. */
interface Waiting {
  /** False while it waits behind other handles, the application's too, that are not acknowledged yet. */
  sent: boolean;
  readonly settle: (outcome: Outcome) => void;
}

/** Hands idle connections back to the primary, which deals them again. */
export interface HandBackLink {
  readonly target: HandBackTarget;
  /** Called with each server that is attached, before or after it listens. */
  readonly attached: (server: Server) => void;
  /** Called with the primary's answer to one that is on its way. */
  readonly answered: (id: number, outcome: Outcome) => void;
  /** The primary did not get the handle that it was sent last (`NODE_HANDLE_NACK`), which may be the application's. */
  readonly notReceived: () => void;
  readonly disconnected: () => void;
}

/** @param send - sends a message with a handle; calls back with an error if it could not be sent */
export function createHandBackLink(
  send: (message: WorkerMessage, handle: FreeHandle, done: (error: Error | null) => void) => void,
): HandBackLink {
  const addresses = new WeakMap<Server, string>();
  /** Connections on their way, by id, in the order in which they are sent. Each server gives one at a time. */
  const waiting = new Map<number, Waiting>();
  let lastId = 0;

  const finish = (id: number | undefined, outcome: Outcome): void => {
    const entry = id === undefined ? undefined : waiting.get(id);
    if (id !== undefined) waiting.delete(id);
    entry?.settle(outcome);
  };

  function note(server: Server): void {
    // Noted now: once the listener is closed, Node has neither the address nor the handle.
    if (isDealt(server)) addresses.set(server, addressKey(server.address()));
    else addresses.delete(server);
  }

  return {
    attached: (server) => {
      if (server.listening) note(server);
      server.on('listening', () => note(server));
    },
    answered: finish,
    // Node sends the next handle only when this one is acknowledged, which the primary's answer follows.
    notReceived: () => finish([...waiting].find(([, { sent }]) => sent)?.[0], 'returned'),
    // The primary may have dealt it before it died: two processes must not read from one connection.
    disconnected: () => {
      for (const [id, { sent }] of waiting) finish(id, sent ? 'lost' : 'returned');
    },
    target: {
      deals: (server) => addresses.has(server),
      give: (server, handle, idle) =>
        new Promise((settle) => {
          lastId += 1;
          const id = lastId;
          const entry: Waiting = { sent: false, settle };
          waiting.set(id, entry);
          // A connection that has had a request in this worker is idle since that one.
          const since = idle === undefined ? keptSince(socketOf(handle)) : undefined;
          const message: WorkerMessage = {
            type: 'give',
            id,
            listener: addresses.get(server) ?? '',
            idle: since === undefined ? (idle ?? null) : now() - since,
          };
          send(message, handle, (error) => {
            entry.sent = error === null;
            if (!entry.sent) finish(id, 'returned');
          });
        }),
    },
  };
}
