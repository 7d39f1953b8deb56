import { clearTimeout, now, setTimeout } from '../clock.ts';
import { writeStderr } from '../stderr.ts';

/** Shortest time between two writes, in milliseconds. */
const BETWEEN_MS = 1_000;

/** Most texts that are remembered as told. Then all are forgotten: texts with a number in them have no end. */
const MAX_TOLD = 1_000;

/** Most lines that wait for the next write; one more says how many were left out. */
const MAX_WAITING = 20;

const told = new Set<string>();
let waiting: string[] = [];
let dropped = 0;
let last = -Infinity;
let timer: NodeJS.Timeout | undefined;

/**
 * Writes one line to stderr, each text once. At most one write a second: lines that come sooner are written together,
 * when the second is over or when the process exits. It never throws, and a reader that has gone away does no harm.
 */
export function notice(text: string): void {
  const line = `graceful-cluster: ${text.replaceAll(/\s*[\r\n]+\s*/g, ' ')}`;
  if (told.has(line)) return;
  if (told.size >= MAX_TOLD) told.clear();
  told.add(line);
  if (waiting.length < MAX_WAITING) waiting.push(line);
  else dropped += 1;
  if (timer !== undefined) return;
  const wait = last + BETWEEN_MS - now();
  if (wait <= 0) {
    write();
    return;
  }
  timer = setTimeout(write, wait).unref();
  process.on('exit', write);
}

function write(): void {
  clearTimeout(timer);
  timer = undefined;
  process.off('exit', write);
  const lines = waiting;
  if (dropped > 0) lines.push(`graceful-cluster: and ${dropped} more lines`);
  waiting = [];
  dropped = 0;
  last = now();
  writeStderr(`${lines.join('\n')}\n`);
}
