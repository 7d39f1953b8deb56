import type { ChildProcess } from 'node:child_process';
import type { ClusterSettings, Worker } from 'node:cluster';
import type { Socket } from 'node:net';
import { nodeCluster } from '../../process/node-cluster.ts';

/** Keeps a program that respawns its workers from bringing the cluster back while it stops. */
export interface IdleForks {
  /** From now on `cluster.fork()` starts a process that does nothing, and ends with the primary. */
  readonly start: () => void;
  readonly isIdle: (worker: Worker) => boolean;
  readonly stop: () => void;
}

/** Flags that do nothing: after `-e 0` the program's file is no more than an argument. */
const NOTHING = ['-e', '0'];

/** Makes a child hold the event loop no more: the program's own stop may wait for that to be empty. */
function unhold(child: ChildProcess): void {
  child.unref();
  child.channel?.unref();
  for (const stream of child.stdio) (stream as Partial<Socket> | null | undefined)?.unref?.();
}

/**
 * A program that respawns forks in its `exit` listener. Killing the new worker would make it fork again, at once and
 * for as long as the drain lasts; so it gets a real worker, which never listens.
 */
export function createIdleForks(): IdleForks {
  let before: ClusterSettings | undefined;
  // Behind a preload as well: `preload.ts` puts one in front.
  const isNothing = (args: readonly string[] = []): boolean =>
    args.some((argument, index) => argument === NOTHING[0] && args[index + 1] === NOTHING[1]);
  const isIdle = ({ process: { spawnargs } }: Worker): boolean =>
    before !== undefined && isNothing(spawnargs.slice(1));
  // Not `cluster.workers`, which `cluster.disconnect()` empties at once.
  const idle = new Set<Worker>();
  const onFork = (worker: Worker): void => {
    if (!isIdle(worker)) return;
    idle.add(worker);
    unhold(worker.process);
    worker.once('exit', () => idle.delete(worker));
  };
  const killAll = (): void => {
    for (const worker of idle) worker.process.kill('SIGKILL');
  };
  return {
    isIdle,
    start: () => {
      process.on('exit', killAll);
      nodeCluster().on('fork', onFork);
      nodeCluster().setupPrimary();
      const { execArgv = [], silent = false, stdio } = nodeCluster().settings;
      before = { execArgv, silent, ...(stdio !== undefined && { stdio }) };
      // Silent: Node in the worker prints an error if the primary is gone before the message `online`.
      // A program may use more pipes of its workers than these three.
      const more = Array.isArray(stdio) && stdio.length > 3 ? stdio.slice(3) : ['ipc' as const];
      nodeCluster().setupPrimary({
        execArgv: NOTHING,
        silent: true,
        stdio: ['pipe', 'pipe', 'pipe', ...more],
      });
    },
    stop: () => {
      process.off('exit', killAll);
      nodeCluster().off('fork', onFork);
      if (before !== undefined && isNothing(nodeCluster().settings.execArgv)) {
        nodeCluster().setupPrimary({ stdio: undefined, ...before });
      }
      before = undefined;
    },
  };
}
