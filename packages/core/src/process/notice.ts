import { writeSync } from 'node:fs';
import { now } from '../clock.ts';

/** Shortest time between two writes, in milliseconds. */
const BETWEEN_MS = 1_000;

/** Texts that are remembered as told. Past it they are forgotten: a text with a number in it may come in any number. */
const REMEMBERED = 1_000;

/** Lines that wait for the next write; the last one says how many more there were. */
const WAITING = 20;

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
  if (told.size >= REMEMBERED) told.clear();
  told.add(line);
  if (waiting.length < WAITING) waiting.push(line);
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
  put(`${lines.join('\n')}\n`);
}

/**
 * Past the stream `process.stderr`: there a broken pipe is an error event, which is uncaught, or in the hands of a
 * listener that makes an exit of it. The stream is for what the kernel does not take at once.
 */
function put(text: string): void {
  let rest = Buffer.from(text);
  try {
    // Asked first: it makes a pipe of descriptor 2 one that does not block.
    const { stderr } = process;
    if (stderr.writableLength === 0) rest = rest.subarray(tryWrite(rest));
    if (rest.length === 0) return;
    stderr.on('error', ignore);
    stderr.write(rest, () => setImmediate(() => stderr.off('error', ignore)));
  } catch {
    // The reader is gone, or there is no stderr: there is nowhere to say it.
  }
}

function tryWrite(bytes: Uint8Array): number {
  try {
    return writeSync(2, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
    throw error;
  }
}

function ignore(): void {}
