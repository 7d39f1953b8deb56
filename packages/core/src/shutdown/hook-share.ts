import type { Hook, HookOptions } from '../api/hooks.ts';
import type { Settings } from '../api/options.ts';
import { notice } from '../process/notice.ts';

/** Says at once where a `beforeShutdown` hook asks for more time than all of these hooks together can get. */
export function warnOfShare(
  { timeout, cleanupTimeout, silent }: Pick<Settings, 'timeout' | 'cleanupTimeout' | 'silent'>,
  name: string,
  _hook: Hook,
  options?: HookOptions,
): void {
  const share = Math.round((timeout - cleanupTimeout) / 2);
  const wanted = options?.timeout;
  if (silent || typeof wanted !== 'number' || !(wanted > share) || wanted === Infinity) return;
  notice(
    `the beforeShutdown hook '${name}' asks for ${wanted} ms and gets at most ${share} ms, half of the time until ` +
      `connections are cut: raise \`timeout\` (${timeout} ms)`,
  );
}
