import { fstatSync } from 'node:fs';
import { constants } from 'node:os';
import { now, turn } from '../clock.ts';
import { readProcTcp } from './proc-tcp.ts';
import type { SealTarget } from './seal-target.ts';

/** Turns without a new connection after which a queue of unknown length counts as empty. libuv accepts one
 * connection per listening socket and turn (libuv/libuv#3696), and the first turn after a signal may not poll. */
const QUIET_TURNS = 3;

/** A queue that has not shrunk for this long, in milliseconds, and for this many turns is not going to (EMFILE). */
const STUCK_MS = 1_000;
const STUCK_TURNS = 50;

/** State of a listener in /proc/net/tcp. */
const LISTEN = '0A';

/** Connections in the kernel's accept queue, or undefined where it cannot be asked. */
export function queueLength(target: SealTarget): number | undefined {
  const { system, socket } = target;
  if (socket.path !== undefined || socket.fd < 0) return undefined;
  const length = system?.acceptQueueLength(socket.fd) ?? -1;
  return length < 0 ? queueInProc(socket.fd) : length;
}

/** Without the addon, or in a sandbox: `rx_queue` of a listener is its accept queue (get_tcp4_sock of the kernel). */
function queueInProc(fd: number): number | undefined {
  try {
    const inode = String(fstatSync(fd).ino);
    const found = readProcTcp().find((fields) => fields[9] === inode && fields[3] === LISTEN);
    return found === undefined ? undefined : Number.parseInt(found[4]?.split(':')[1] ?? '', 16);
  } catch {
    return undefined;
  }
}

/**
 * Accepts all that is in the queue at once. libuv takes one in a turn, and the turns of a busy server are long.
 *
 * @returns whether the queue is empty; false where this cannot be done, or the process may open no more files
 */
export function acceptAll({ system, socket }: SealTarget): boolean {
  if (system === undefined || socket.receive === undefined) return false;
  for (;;) {
    const fd = system.acceptConnection(socket.fd);
    if (fd === -constants.errno.EAGAIN) return true;
    // A client that left before it was accepted: accept(2) fails for that one, and the next may be there.
    if (fd === -constants.errno.ECONNABORTED) continue;
    if (fd < 0) return false;
    socket.receive(fd);
  }
}

/** Accepts until the accept queue is empty, stuck, or the deadline passed. */
export async function emptyQueue(target: SealTarget): Promise<void> {
  acceptAll(target);
  let length = queueLength(target);
  if (length === undefined) {
    await quietTurns(target);
    return;
  }
  let shortest = length;
  let since = now();
  let turns = 0;
  while (length > 0 && !target.expired()) {
    await turn();
    turns += 1;
    length = queueLength(target) ?? 0;
    if (length < shortest) {
      shortest = length;
      since = now();
      turns = 0;
    } else if (turns >= STUCK_TURNS && now() - since >= STUCK_MS) {
      return;
    }
  }
}

/**
 * Turns the loop until three turns in a row brought no connection, or `limit` milliseconds passed.
 *
 * @returns whether they brought none
 */
export async function quietTurns(target: SealTarget, limit: number = STUCK_MS): Promise<boolean> {
  const end = now() + limit;
  let quiet = 0;
  let seen = target.socket.accepted();
  while (quiet < QUIET_TURNS && now() < end && !target.expired()) {
    await turn();
    const accepted = target.socket.accepted();
    quiet = accepted === seen ? quiet + 1 : 0;
    seen = accepted;
  }
  return quiet >= QUIET_TURNS;
}
