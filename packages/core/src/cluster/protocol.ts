import type { ShutdownReport, ConnectionCounts } from '../api/report.ts';

/**
 * What a primary and its workers tell each other, as ordinary IPC messages. Either side may be of another version:
 * unknown types and fields are passed over, and nothing waits for an answer without a bound.
 */
export type WorkerMessage =
  /** The worker has a coordinator. */
  | { readonly type: 'hello' }
  /** Whether it is willing (`setReady`), and whether a server in its coordinator's care listens. */
  | { readonly type: 'ready'; readonly ready: boolean; readonly listening: boolean }
  /** A signal reached the worker; only the primary decides. */
  | { readonly type: 'signal'; readonly signal: NodeJS.Signals }
  | { readonly type: 'progress'; readonly counts: ConnectionCounts; readonly waiting: readonly string[] }
  | { readonly type: 'report'; readonly report: ShutdownReport };

export type PrimaryMessage =
  /** The primary supervises: the worker leaves signals to it. */
  | { readonly type: 'welcome' }
  /** A shutdown began: responses say `Connection: close`, servers stay open. */
  | { readonly type: 'announce' }
  /** Close and drain within `timeout` milliseconds; `together` if the whole cluster stops. */
  | { readonly type: 'drain'; readonly reason: string; readonly timeout: number; readonly together: boolean };

const VERSION = 1;
const KEY = 'graceful-cluster';

/** Wraps a message so that it cannot be taken for one of the application's. */
export function seal<Message extends WorkerMessage | PrimaryMessage>(message: Message): object {
  return { [KEY]: VERSION, ...message };
}

/** The message in an IPC message, or undefined for one of the application's. */
export function open<Message extends WorkerMessage | PrimaryMessage>(
  message: unknown,
): Partial<Message> | undefined {
  if (typeof message !== 'object' || message === null || !Object.hasOwn(message, KEY)) return undefined;
  return message;
}
