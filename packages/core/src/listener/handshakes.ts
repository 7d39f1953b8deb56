import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { now, sleep } from '../clock.ts';
import type { Listener } from './seal-target.ts';

/** How often the kernel is asked, in milliseconds, at the most. */
const INTERVAL = 5;

/** An answer costs 1–4 ms, more where there are many sockets: at most a tenth of the time goes into asking. */
const SHARE = 10;

const SYN_RECV = '03';

/** Connections to this port in the middle of their TCP handshake, or undefined where nothing tells. */
export function countHandshakes(listener: Listener): number | undefined {
  const counted = listener.system?.synReceived(listener.socket.port) ?? -1;
  // The table changed while it was read: some may have been missed, so at least one counts until the next look.
  if (counted === -constants.errno.EINTR) return 1;
  return counted < 0 ? countInProc(listener.socket.port) : counted;
}

/** For sandboxes that forbid netlink (systemd's RestrictAddressFamilies). Slow where there are many sockets. */
function countInProc(port: number): number | undefined {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  let count: number | undefined;
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    try {
      for (const line of readFileSync(file, 'latin1').split('\n').slice(1)) {
        const [, address, , state] = line.trim().split(/\s+/);
        if (state === SYN_RECV && address?.endsWith(local)) count = (count ?? 0) + 1;
      }
      count ??= 0;
    } catch {
      // No such file, or not allowed to read it: the caller waits a fixed time instead.
    }
  }
  return count;
}

/** Waits until no handshake is in progress, at most `handshakeTimeout`; where nothing tells, exactly that long. */
export async function waitForHandshakes(listener: Listener): Promise<void> {
  const end = now() + listener.handshakeTimeout;
  let asked = now();
  let count = countHandshakes(listener);
  if (count === undefined) return waitFixed(listener, listener.handshakeTimeout);
  while (count > 0 && now() < end && !listener.expired()) {
    await sleep(Math.max(INTERVAL, (now() - asked) * SHARE));
    asked = now();
    count = countHandshakes(listener) ?? count;
  }
}

/** Waits `milliseconds`, or less if the deadline comes first. */
export async function waitFixed(listener: Listener, milliseconds: number): Promise<void> {
  const end = now() + milliseconds;
  while (now() < end && !listener.expired()) await sleep(Math.min(INTERVAL * 2, end - now()));
}
