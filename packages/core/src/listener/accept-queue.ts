import { constants } from 'node:os';
import { now, turn } from '../clock.ts';
import type { Listener } from './seal-target.ts';

/** Turns without a new connection after which a queue of unknown length counts as empty. libuv accepts one
 * connection per listening socket and turn (libuv/libuv#3696), and the first turn after a signal may not poll. */
const QUIET_TURNS = 3;

/** A queue that has not shrunk for this long, in milliseconds, and for this many turns is not going to (EMFILE). */
const STUCK_AFTER = 1_000;
const STUCK_TURNS = 50;

/** Connections in the kernel's accept queue, or undefined where it does not tell. */
export function queueLength(listener: Listener): number | undefined {
  const { system, socket } = listener;
  if (system === undefined || socket.path !== undefined) return undefined;
  const length = system.acceptQueueLength(socket.fd);
  return length < 0 ? undefined : length;
}

/**
 * Accepts all that is in the queue at once. libuv takes one in a turn, and the turns of a busy server are long.
 *
 * @returns whether the queue is empty; false where this cannot be done, or the process may open no more files
 */
export function acceptAll({ system, socket }: Listener): boolean {
  if (system === undefined || socket.receive === undefined) return false;
  for (;;) {
    const fd = system.acceptConnection(socket.fd);
    if (fd === -constants.errno.EAGAIN) return true;
    // Gone before it was accepted: accept(2) tells of it, and the next one may be there.
    if (fd === -constants.errno.ECONNABORTED) continue;
    if (fd < 0) return false;
    socket.receive(fd);
  }
}

/** Accepts until the accept queue is empty, stuck, or the deadline passed. */
export async function emptyQueue(listener: Listener): Promise<void> {
  acceptAll(listener);
  let length = queueLength(listener);
  if (length === undefined) return quietTurns(listener);
  let shortest = length;
  let since = now();
  let turns = 0;
  while (length > 0 && !listener.expired()) {
    await turn();
    turns += 1;
    length = queueLength(listener) ?? 0;
    if (length < shortest) {
      shortest = length;
      since = now();
      turns = 0;
    } else if (turns >= STUCK_TURNS && now() - since >= STUCK_AFTER) {
      return;
    }
  }
}

/** Turns the loop until three turns in a row brought no connection, or `limit` milliseconds passed. */
export async function quietTurns(listener: Listener, limit: number = STUCK_AFTER): Promise<void> {
  const end = now() + limit;
  let quiet = 0;
  let seen = listener.socket.accepted();
  while (quiet < QUIET_TURNS && now() < end && !listener.expired()) {
    await turn();
    const accepted = listener.socket.accepted();
    quiet = accepted === seen ? quiet + 1 : 0;
    seen = accepted;
  }
}
