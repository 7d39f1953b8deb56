import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Worker } from 'node:worker_threads';
import { setImmediate } from '../clock.ts';
import type { ShutdownReport } from '../api/report.ts';

/** One channel for all threads of a process; nothing on it leaves the process. */
const NAME = 'graceful-cluster/1/threads';

/** Published by Node in the thread that makes a worker thread (diagnostics_channel, since Node 16.18). */
const CREATED = 'worker_threads';

/** What a coordinator in a worker thread says, and what one in the main thread says to all of them. */
export type ThreadMessage =
  | { readonly type: 'hello' | 'gone'; readonly thread: number }
  | { readonly type: 'report'; readonly thread: number; readonly report: ShutdownReport }
  /** Asks every thread for another `hello`: the coordinator that asks may be younger than theirs. */
  | { readonly type: 'roll call' }
  | { readonly type: 'welcome'; readonly thread: number }
  | { readonly type: 'drain'; readonly reason: string; readonly timeout: number };

export interface ThreadChannel {
  readonly post: (message: ThreadMessage) => void;
  readonly close: () => void;
}

/**
 * Opens the channel, which does not hold the event loop. `node:worker_threads` is loaded here, not with the package.
 */
export function openChannel(hear: (message: ThreadMessage) => void): ThreadChannel {
  const { BroadcastChannel } = process.getBuiltinModule('node:worker_threads');
  const channel = new BroadcastChannel(NAME);
  channel.addEventListener('message', (event) =>
    hear((event as unknown as { readonly data: ThreadMessage }).data),
  );
  channel.unref();
  let closed = false;
  return {
    post: (message) => {
      if (!closed) channel.postMessage(message);
    },
    close: () => {
      closed = true;
      channel.close();
    },
  };
}

export function isMainThread(): boolean {
  return process.getBuiltinModule('node:worker_threads').isMainThread;
}

const exitListeners = new Set<(thread: number) => void>();

/** Threads that this one has made, and that have not ended. */
export const ownThreads: Set<number> = new Set();

// From the import on: a thread may be older than the coordinator, and one that is terminated says nothing any more.
subscribe(CREATED, (message) => {
  const { worker } = message as { readonly worker: Worker };
  const { threadId } = worker;
  ownThreads.add(threadId);
  worker.once('exit', () => {
    ownThreads.delete(threadId);
    // The last message of the thread may be behind this event.
    setImmediate(() => {
      for (const tell of exitListeners) tell(threadId);
    });
  });
});

/** Calls back with the id of each thread of this one that ends. Returns a function that stops it. */
export function onThreadExit(exited: (thread: number) => void): () => void {
  exitListeners.add(exited);
  return () => exitListeners.delete(exited);
}

/**
 * Calls back in the main thread when the first coordinator of a worker thread says hello. A program without threads
 * opens no channel.
 */
export function onFirstThread(found: () => void): void {
  const onCreated = (): void => {
    unsubscribe(CREATED, onCreated);
    if (!isMainThread()) return;
    const channel = openChannel(({ type }) => {
      if (type !== 'hello') return;
      channel.close();
      found();
    });
  };
  subscribe(CREATED, onCreated);
}
