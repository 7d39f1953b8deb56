import cluster, { type Worker } from 'node:cluster';

/** Keeps a program that respawns its workers from bringing the cluster back while it stops. */
export interface IdleForks {
  /** From now on `cluster.fork()` starts a process that does nothing, and ends with the primary. */
  readonly start: () => void;
  readonly isIdle: (worker: Worker) => boolean;
  readonly stop: () => void;
}

/** With `-e` the program's file is no more than an argument. */
const NOTHING = ['-e', '0'];

/**
 * Such a program forks in its `exit` listener. Killing what it forks would make it fork again, at once and for as
 * long as the drain lasts; so it gets a real worker, which never listens.
 */
export function createIdleForks(): IdleForks {
  let execArgv: string[] | undefined;
  return {
    start: () => {
      cluster.setupPrimary();
      execArgv = cluster.settings.execArgv ?? process.execArgv;
      cluster.setupPrimary({ execArgv: NOTHING });
    },
    isIdle: ({ process: { spawnargs } }) =>
      execArgv !== undefined && NOTHING.every((argument, index) => spawnargs[index + 1] === argument),
    stop: () => {
      if (
        execArgv !== undefined &&
        cluster.settings.execArgv?.every((each, index) => each === NOTHING[index])
      ) {
        cluster.setupPrimary({ execArgv });
      }
      execArgv = undefined;
    },
  };
}
