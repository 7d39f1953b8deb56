import type { WriteStream } from 'node:tty';

/** One line at a terminal that is written over in place. */
export interface StatusLine {
  readonly draw: (text: string) => void;
  readonly clear: () => void;
}

/** Back to the first column, and clear to the end of the line (ECMA-48, EL). */
const CLEAR = '\r\u001B[K';

/** The cursor stays in the first column, so that what the program prints meanwhile is a line of its own. */
export function createStatusLine(terminal: WriteStream): StatusLine {
  let drawn = false;
  const clear = (): void => {
    process.off('exit', clear);
    if (drawn) terminal.write(CLEAR);
    drawn = false;
  };
  return {
    draw: (text) => {
      // One column is left: some terminals wrap when the last one is written.
      const shown = text.slice(0, Math.max(0, (terminal.columns || 80) - 1));
      if (!drawn) process.on('exit', clear);
      drawn = true;
      terminal.write(`${CLEAR}${shown}\r`);
    },
    clear,
  };
}
