import { constants } from 'node:os';
import { now, sleep } from '../clock.ts';
import { readProcTcp } from './proc-tcp.ts';
import type { SealTarget } from './seal-target.ts';

/** Shortest time between two looks, in milliseconds. */
const LOOK_MS = 5;

/** The time between two looks is at least this many times what one look takes (1–4 ms, more with many sockets). */
const LOOK_TIMES = 10;

const SYN_RECV = '03';

/** Connections to this port in the middle of their TCP handshake, or undefined where they cannot be counted. */
export function countHandshakes(target: SealTarget): number | undefined {
  const counted = target.system?.synReceived(target.socket.port) ?? -1;
  // The table changed while it was read: some may have been missed, so at least one counts until the next look.
  if (counted === -constants.errno.EINTR) return 1;
  return counted < 0 ? countInProc(target.socket.port) : counted;
}

/** For sandboxes that forbid netlink (systemd's RestrictAddressFamilies). Slow where there are many sockets. */
function countInProc(port: number): number | undefined {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  try {
    return readProcTcp().filter((fields) => fields[3] === SYN_RECV && fields[1]?.endsWith(local)).length;
  } catch {
    // The caller waits a fixed time instead.
    return undefined;
  }
}

/**
 * Waits until no handshake is in progress, at most `handshakeTimeout`; where they cannot be counted, for all of that
 * time. Ends early at the deadline.
 *
 * @param counted - how many there were after the seal, where that is known: to ask takes milliseconds
 */
export async function waitForHandshakes(target: SealTarget, counted?: number | null): Promise<void> {
  const end = now() + target.handshakeTimeout;
  let asked = now();
  let count = counted ?? countHandshakes(target);
  if (count === undefined) return waitFixed(target, target.handshakeTimeout);
  while (count > 0 && isOpen(target) && now() < end && !target.expired()) {
    await sleep(Math.max(LOOK_MS, (now() - asked) * LOOK_TIMES));
    asked = now();
    count = countHandshakes(target) ?? count;
  }
}

/** Whether the listener is still open: the application may have closed it, and its port may be another one's by now. */
function isOpen({ system, socket }: SealTarget): boolean {
  return system === undefined || socket.fd >= 0;
}

/** Waits `milliseconds`, or until the deadline or the end of the listener if that comes first. */
export async function waitFixed(target: SealTarget, milliseconds: number): Promise<void> {
  const end = now() + milliseconds;
  while (isOpen(target) && now() < end && !target.expired()) await sleep(Math.min(LOOK_MS * 2, end - now()));
}
