import { writeSync } from 'node:fs';

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
