import { readFileSync } from 'node:fs';
import { clearInterval, now, setInterval } from '../clock.ts';

/** How long after its last cookie the kernel counts as using them, and how often that is looked at, in milliseconds. */
const RECENT_MS = 10_000;

const COUNTERS = '/proc/net/netstat';

export interface SynCookies {
  /** Whether the kernel always sends SYN cookies, or has sent one in the last ten seconds (a SYN flood). */
  readonly inUse: () => boolean;
  readonly stop: () => void;
}

/** Watches `TcpExt SyncookiesSent` of this network namespace. Where it cannot be read, cookies count as unused. */
export function watchSynCookies(): SynCookies {
  let sent = readCounter();
  let lastSent = -Infinity;
  const note = (count: number): void => {
    if (count > sent) lastSent = now();
    sent = Math.max(sent, count);
  };
  // Synchronous, 0.2 ms: with promises the same takes four times the processor time.
  const timer = setInterval(() => note(readCounter()), RECENT_MS).unref();
  if (readText(COUNTERS) === '') clearInterval(timer);
  return {
    inUse: () => {
      note(readCounter());
      return alwaysOn() || now() - lastSent < RECENT_MS;
    },
    stop: () => clearInterval(timer),
  };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function alwaysOn(): boolean {
  return readText('/proc/sys/net/ipv4/tcp_syncookies').trim() === '2';
}

/** The file holds pairs of lines: names, then values. */
function readCounter(): number {
  const [names, values] = readText(COUNTERS)
    .split('\n')
    .filter((line) => line.startsWith('TcpExt:'));
  const index = names?.split(' ').indexOf('SyncookiesSent') ?? -1;
  return Number(values?.split(' ')[index] ?? 0) || 0;
}
