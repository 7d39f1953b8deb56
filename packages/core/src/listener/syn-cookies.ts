import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { now } from '../clock.ts';

/** How often the counter is read while the server runs, in milliseconds. */
const INTERVAL = 2_000;

/** How long after its last cookie the kernel counts as using them, in milliseconds. */
const RECENT = 10_000;

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
  const timer = setInterval(() => {
    readFile(COUNTERS, 'latin1').then((text) => note(parseCounter(text)), ignore);
  }, INTERVAL);
  timer.unref();
  if (readText(COUNTERS) === '') clearInterval(timer);
  return {
    inUse: () => {
      note(readCounter());
      return alwaysOn() || now() - lastSent < RECENT;
    },
    stop: () => clearInterval(timer),
  };
}

function ignore(): void {}

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

function readCounter(): number {
  return parseCounter(readText(COUNTERS));
}

/** The file holds pairs of lines: names, then values. */
function parseCounter(text: string): number {
  const [names, values] = text.split('\n').filter((line) => line.startsWith('TcpExt:'));
  const index = names?.split(' ').indexOf('SyncookiesSent') ?? -1;
  return Number(values?.split(' ')[index] ?? 0) || 0;
}
