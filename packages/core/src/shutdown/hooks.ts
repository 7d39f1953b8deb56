import { deadlineBefore, now, type Deadline } from '../clock.ts';
import { describeError, expected, GracefulError, GracefulTypeError, warn } from '../api/errors.ts';
import { unknownName } from '../api/option-names.ts';
import { runAsOurs } from './postponed-close.ts';
import type { Hook, HookOptions } from '../api/hooks.ts';
import type { HookReport } from '../api/report.ts';

interface Entry {
  readonly name: string;
  readonly hook: Hook;
  readonly after: readonly string[];
  readonly timeout: number;
}

export interface Hooks {
  readonly size: () => number;
  /** Returns a function that takes the hook off again. */
  readonly add: (name: string, hook: Hook, options?: HookOptions) => () => void;
  /** Runs all, last added first, one after the other; one that fails or hangs does not stop the rest. */
  readonly run: (reason: string, deadline: Deadline) => Promise<readonly HookReport[]>;
}

export function createHooks(): Hooks {
  const entries = new Map<string, Entry>();

  function order(): readonly Entry[] {
    const ordered = new Set<Entry>();
    const visit = (entry: Entry, path: readonly string[]): void => {
      if (path.includes(entry.name)) {
        throw new GracefulError(
          'ERR_GRACEFUL_HOOK_CYCLE',
          `hooks wait for each other: ${[...path.slice(path.indexOf(entry.name)), entry.name].join(' -> ')}`,
        );
      }
      if (ordered.has(entry)) return;
      for (const name of entry.after) {
        const before = entries.get(name);
        if (before !== undefined) visit(before, [...path, entry.name]);
      }
      ordered.add(entry);
    };
    for (const entry of [...entries.values()].toReversed()) visit(entry, []);
    return [...ordered];
  }

  return {
    size: () => entries.size,
    add: (name, hook, options = {}) => {
      const entry = checkEntry(name, hook, options);
      if (entries.has(name)) {
        throw new GracefulError('ERR_GRACEFUL_HOOK_EXISTS', `there is a hook named '${name}' already`);
      }
      entries.set(name, entry);
      try {
        order();
      } catch (error) {
        entries.delete(name);
        throw error;
      }
      return () => {
        if (entries.get(name) === entry) entries.delete(name);
      };
    },
    run: async (reason, deadline) => {
      const reports: HookReport[] = [];
      const queue = order();
      const unknown = queue.flatMap(({ after }) => after.filter((name) => !entries.has(name)));
      if (unknown.length > 0) {
        warn('WARN_GRACEFUL_UNKNOWN_HOOK', `\`after\` names hooks that do not exist: ${unknown.join(', ')}`);
      }
      for (const [index, entry] of queue.entries()) {
        // Another hook may have taken this one off.
        if (entries.get(entry.name) !== entry) continue;
        const rest = queue.length - index;
        const limit = deadlineBefore(deadline, (left) => Math.min(entry.timeout, left / rest));
        reports.push(await runOne(entry, reason, limit));
      }
      return reports;
    },
  };
}

async function runOne({ name, hook }: Entry, reason: string, limit: Deadline): Promise<HookReport> {
  const start = now();
  const work = (async (): Promise<'done'> => {
    await runAsOurs(() => hook(reason));
    return 'done';
  })();
  try {
    const outcome = (await limit.race(work)) ?? 'timed out';
    return { name, outcome, duration: now() - start };
  } catch (error) {
    return { name, outcome: 'failed', duration: now() - start, error: describeError(error) };
  } finally {
    // A hook that fails after its time was up has been reported already.
    work.catch(() => {});
  }
}

function checkEntry(name: string, hook: Hook, options: HookOptions): Entry {
  if (typeof options !== 'object' || options === null) throw invalid('options', 'an object', options);
  for (const key of Object.keys(options)) {
    if (key === 'after' || key === 'timeout') continue;
    throw new GracefulTypeError('ERR_GRACEFUL_INVALID_ARGUMENT', unknownName(key, ['after', 'timeout']));
  }
  const { after = [], timeout } = options;
  if (typeof name !== 'string' || name === '') throw invalid('name', 'a non-empty string', name);
  if (typeof hook !== 'function') throw invalid('hook', 'a function', hook);
  if (!Array.isArray(after) || !after.every((each) => typeof each === 'string')) {
    throw invalid('after', 'an array of hook names', after);
  }
  if (timeout !== undefined && (typeof timeout !== 'number' || !(timeout > 0))) {
    throw invalid('timeout', 'a number > 0', timeout);
  }
  return { name, hook, after, timeout: timeout ?? Infinity };
}

function invalid(name: string, rule: string, got: unknown): TypeError {
  return expected('ERR_GRACEFUL_INVALID_ARGUMENT', name, rule, got);
}
