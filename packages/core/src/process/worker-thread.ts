import { warn } from '../api/errors.ts';

/**
 * Warns of a coordinator that waits for signals in a worker thread: Node delivers signals to the main thread alone, so
 * this one would never begin. `node:worker_threads` is loaded here rather than with the package.
 */
export function checkMainThread(): void {
  const { isMainThread } = process.getBuiltinModule('node:worker_threads');
  if (isMainThread) return;
  warn(
    'WARN_GRACEFUL_WORKER_THREAD',
    'a coordinator in a worker thread hears no signal: make one in the main thread, and call shutdown() here when that ' +
      'one closes',
  );
}
