import cluster from 'node:cluster';
import type { CoordinatorCore, Surroundings } from '../coordinator.ts';
import type { ShutdownReport } from '../report.ts';
import { open, seal, type PrimaryMessage, type WorkerMessage } from './protocol.ts';

/** How often a draining worker tells its primary what it waits for, in milliseconds. */
const PROGRESS = 500;

/** Longest wait for the report to be written, in milliseconds. */
const FLUSH = 200;

export interface Membership {
  readonly surroundings: Surroundings;
  /** Joins the primary's shutdown, if the primary supervises; begins one of its own when the primary dies. */
  readonly join: (core: CoordinatorCore) => void;
}

/** The worker's side of a cluster, or undefined in a process that is no cluster worker. */
export function createMembership(): Membership | undefined {
  const { worker } = cluster;
  if (!cluster.isWorker || worker === undefined) return undefined;
  let welcome = false;
  let timer: NodeJS.Timeout | undefined;

  const tell = (message: WorkerMessage): Promise<void> =>
    new Promise((resolve) => {
      if (process.connected) process.send?.(seal(message), undefined, undefined, () => resolve());
      else resolve();
    });

  const finished = async (report: ShutdownReport): Promise<void> => {
    clearInterval(timer);
    await Promise.race([tell({ type: 'report', report }), new Promise((resolve) => setTimeout(resolve, FLUSH).unref())]);
    // The channel is the last thing that holds the loop.
    process.channel?.unref();
  };

  const surroundings: Surroundings = {
    forward: (signal) => {
      if (!welcome || !process.connected) return false;
      void tell({ type: 'signal', signal });
      return true;
    },
    readyChanged: (ready) => void tell({ type: 'ready', ready }),
    finished,
  };

  function join(core: CoordinatorCore): void {
    const onMessage = (message: unknown): void => {
      const received = open<PrimaryMessage>(message);
      switch (received?.type) {
        case 'welcome':
          welcome = true;
          break;
        case 'announce':
          core.announce();
          break;
        case 'drain': {
          const { reason = 'cluster', timeout = 0, together = false } = received;
          timer = setInterval(() => {
            void tell({ type: 'progress', ...core.progress() });
          }, PROGRESS).unref();
          core.drain({ reason, timeout, together });
          break;
        }
        case undefined:
          break;
      }
    };
    const onDisconnect = (): void => {
      if (worker?.exitedAfterDisconnect) return;
      // Otherwise Node exits the worker in the next listener, whatever it is serving (nodejs/node#27679).
      if (worker !== undefined) worker.exitedAfterDisconnect = true;
      ignoreBrokenPipes();
      core.drain({ reason: 'the primary died', timeout: undefined, together: true });
    };
    process.on('message', onMessage);
    worker?.on('disconnect', onDisconnect);
    core.onDispose(() => {
      process.off('message', onMessage);
      worker?.off('disconnect', onDisconnect);
    });
    void tell({ type: 'hello' });
  }

  return { surroundings, join };
}

/** Where the primary held the other end of stdout, a log line would be an uncaught EPIPE in the middle of a drain. */
function ignoreBrokenPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}
