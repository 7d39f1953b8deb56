import type { EventEmitter } from 'node:events';
import { writeSync } from 'node:fs';
import { setImmediate } from './clock.ts';

type Stream = Pick<NodeJS.WriteStream, 'write' | 'writableLength'> &
  Partial<EventEmitter> & { readonly fd?: number };

/** Writes that the stream has not done yet. */
let pending = 0;

/**
 * Writes text to stderr; a reader that has gone away does no harm. It goes past the stream `process.stderr`, which emits
 * an error for a broken pipe: uncaught, unless the program has a listener, which may exit. `console.error` ignores that
 * error once, and not the next one (lib/internal/console/constructor.js looks at `errorEmitted`). The stream gets what
 * the kernel does not take at once.
 */
export function writeStderr(text: string): void {
  let rest = Buffer.from(text);
  try {
    // Before the write: this getter makes a pipe at descriptor 2 non-blocking.
    const stderr: Stream = process.stderr;
    // That of a worker thread has no descriptor: its parent may read it.
    if (stderr.fd === 2 && stderr.writableLength === 0) rest = rest.subarray(tryWrite(rest));
    if (rest.length === 0) return;
    // A program may have put something else in its place.
    if (pending === 0) stderr.on?.('error', ignore);
    pending += 1;
    stderr.write(rest, () => setImmediate(done, stderr));
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

function done(stderr: Partial<EventEmitter>): void {
  pending -= 1;
  if (pending === 0) stderr.off?.('error', ignore);
}

function ignore(): void {}
