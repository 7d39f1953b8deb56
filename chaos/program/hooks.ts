import { setTimeout as sleep } from 'node:timers/promises';
import type { ShutdownCoordinator } from '@graceful-cluster/core';
import type { HookKind } from '../scenario.ts';
import { note } from './evidence.ts';

const SLOW_MS = 150;

/** Adds hooks, each of which notes when it began and when it was done. */
export function addHooks(coordinator: ShutdownCoordinator, kinds: readonly HookKind[]): void {
  for (const kind of kinds) {
    const run = async (): Promise<void> => {
      note('hook', kind);
      if (kind === 'slow') await sleep(SLOW_MS);
      if (kind === 'failing') throw new Error('the hook fails');
      if (kind === 'hanging') await new Promise(() => {});
      note('hooked', kind);
    };
    // Those that it names run in the order in which it names them.
    const others = kinds.filter((each) => each !== kind).toReversed();
    coordinator.onShutdown(kind, run, kind === 'dependent' ? { after: others } : {});
  }
}
