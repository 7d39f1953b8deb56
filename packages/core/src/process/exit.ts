import { now } from '../clock.ts';
import { shared } from './registry.ts';

/** Longest wait in milliseconds for what the loop still holds, such as the transport of a logger. */
const FLUSH_MS = 100;

/** How often a slow reader is looked at, in milliseconds. */
const LOOK_MS = 10;

/** Longest wait in milliseconds for a slow reader of stdout and stderr: a pipe holds 64 kB, Node keeps the rest. */
const SLOW_READER_MS = 1_000;

/** `running` shutdowns, and the worst `code` that one of them ended with. */
const state = shared<Map<'running' | 'code', number>>('exit', Map);
let emptied = false;

const running = (): number => state.get('running') ?? 0;

/**
 * Keeps the process from exiting until the returned function is called: several coordinators in one process must not
 * cut each other short.
 */
export function holdExit(): () => void {
  state.set('running', running() + 1);
  return () => {
    state.set('running', running() - 1);
    leave();
  };
}

/** Ends the process when no shutdown is running any more, with the worst of the codes that were given. */
export function exitWith(code: number): void {
  state.set('code', Math.max(state.get('code') ?? 0, code));
  leave();
}

function leave(): void {
  const worst = state.get('code');
  if (worst === undefined || running() > 0) return;
  process.exitCode = worst;
  const end = now() + SLOW_READER_MS;
  const exit = (): void => {
    if (unwritten() > 0 && now() < end) setTimeout(exit, LOOK_MS);
    else process.exit();
  };
  // Unreferenced: where nothing else holds the loop, the process ends sooner.
  setTimeout(exit, FLUSH_MS).unref();
  process.off('beforeExit', endWithEmptyLoop);
  process.on('beforeExit', endWithEmptyLoop);
}

/**
 * Exits on the second `beforeExit`: listeners of the program may start work in the first. With an unsettled top-level
 * `await`, Node 22 and later turn exit code 0 into 13 when the loop is empty; `await fastify.listen()` of a worker that
 * starts while its cluster stops is such a one.
 */
function endWithEmptyLoop(): void {
  if (emptied) process.exit();
  emptied = true;
  setImmediate(() => {});
}

/** Bytes that were written to stdout and stderr and that the kernel has not taken yet. */
function unwritten(): number {
  try {
    return process.stdout.writableLength + process.stderr.writableLength;
  } catch {
    return 0;
  }
}
