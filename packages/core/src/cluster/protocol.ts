import type { ShutdownReport, ConnectionCounts } from '../api/report.ts';
import type { AddressInfo } from 'node:net';
import { isCounts, isReport, isSignal, isStringList } from './shapes.ts';

/**
 * What a primary and its workers tell each other over IPC. Either side may be of another version: unknown types and
 * fields are passed over, what has the wrong shape is dropped, and nothing waits for an answer without a bound.
 */
export type WorkerMessage =
  /** The worker has a coordinator. */
  | { readonly type: 'hello' }
  /** It has none any more: it was disposed. */
  | { readonly type: 'goodbye' }
  /** Whether it is willing (`setReady`), and whether a server in its coordinator's care listens. */
  | { readonly type: 'ready'; readonly ready: boolean; readonly listening: boolean }
  /** A signal reached the worker; only the primary decides. */
  | { readonly type: 'signal'; readonly signal: NodeJS.Signals }
  /** How many listeners the program has for the signal that was asked for. */
  | { readonly type: 'handlers'; readonly count: number }
  | { readonly type: 'progress'; readonly counts: ConnectionCounts; readonly waiting: readonly string[] }
  /**
   * Hands back an idle connection, whose handle goes with the message. `listener` is the address that it came in at,
   * `idle` the milliseconds since its last request, null if it has never had one.
   */
  | {
      readonly type: 'give';
      readonly id: number;
      readonly listener: string;
      readonly idle: number | null;
    }
  /** Its drain is over: it cuts what is left and runs its hooks, and reports then. */
  | { readonly type: 'cleanup' }
  | { readonly type: 'report'; readonly report: ShutdownReport };

export type Given = Extract<WorkerMessage, { readonly type: 'give' }>;

export type PrimaryMessage =
  /** The primary supervises: the worker leaves signals to it. */
  | { readonly type: 'welcome' }
  /** The primary does not supervise any more: signals are the worker's own again. */
  | { readonly type: 'farewell' }
  /** A shutdown began: responses say `Connection: close`, servers stay open. */
  | { readonly type: 'announce' }
  /** Asks a worker without a coordinator whether the program has a handler for the signal. */
  | { readonly type: 'ask-handlers'; readonly signal: NodeJS.Signals }
  /** Answers `give`: another worker gets the connection, or this one keeps it, and gives no more. */
  | { readonly type: 'given'; readonly id: number; readonly taken: boolean }
  /**
   * Close and drain within `timeout` milliseconds; `together` if the whole cluster stops. With `handBack` the primary
   * takes idle connections.
   */
  | {
      readonly type: 'drain';
      readonly reason: string;
      readonly timeout: number;
      readonly together: boolean;
      readonly handBack: boolean;
    };

/**
 * How a message is packed. `internal` is invisible to the application: Node keeps messages whose `cmd` begins with
 * `NODE_` away from `message` listeners. `plain` is an ordinary message, as version 1 of this protocol sent all of
 * them; it is spoken only to a process that spoke it first.
 */
export type Packing = 'internal' | 'plain';

const COMMAND = 'NODE_GRACEFUL_CLUSTER';
const VERSION = 2;
const PLAIN_KEY = 'graceful-cluster';
const PLAIN_VERSION = 1;

export function wrap(message: WorkerMessage | PrimaryMessage, packing: Packing): object {
  if (packing === 'plain') return { [PLAIN_KEY]: PLAIN_VERSION, ...message };
  return { cmd: COMMAND, version: VERSION, ...message };
}

export type Fields = Readonly<Record<string, unknown>>;

/** What is in an IPC message; undefined for one of Node's or of the application's. */
function unwrap(message: unknown, packing: Packing): Fields | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const fields = message as Fields;
  const ours = packing === 'plain' ? Object.hasOwn(fields, PLAIN_KEY) : fields['cmd'] === COMMAND;
  return ours ? fields : undefined;
}

export function unwrapFromWorker(message: unknown, packing: Packing): WorkerMessage | undefined {
  const fields = unwrap(message, packing);
  switch (fields?.['type']) {
    case 'hello':
    case 'goodbye':
      return { type: fields['type'] };
    case 'ready': {
      const { ready = true, listening = false } = fields;
      if (typeof ready !== 'boolean' || typeof listening !== 'boolean') return undefined;
      return { type: 'ready', ready, listening };
    }
    case 'signal': {
      const { signal } = fields;
      return isSignal(signal) ? { type: 'signal', signal } : undefined;
    }
    case 'handlers': {
      const { count } = fields;
      return typeof count === 'number' ? { type: 'handlers', count } : undefined;
    }
    case 'progress': {
      const { counts, waiting } = fields;
      return isCounts(counts) && isStringList(waiting) ? { type: 'progress', counts, waiting } : undefined;
    }
    case 'give': {
      const { id, listener, idle } = fields;
      if (typeof id !== 'number' || typeof listener !== 'string') return undefined;
      return { type: 'give', id, listener, idle: typeof idle === 'number' ? idle : null };
    }
    case 'cleanup':
      return { type: 'cleanup' };
    case 'report': {
      const { report } = fields;
      return isReport(report) ? { type: 'report', report } : undefined;
    }
    default:
      return undefined;
  }
}

export function unwrapFromPrimary(message: unknown, packing: Packing): PrimaryMessage | undefined {
  const fields = unwrap(message, packing);
  switch (fields?.['type']) {
    case 'welcome':
      return { type: 'welcome' };
    case 'farewell':
      return { type: 'farewell' };
    case 'announce':
      return { type: 'announce' };
    case 'ask-handlers': {
      const { signal } = fields;
      return isSignal(signal) ? { type: 'ask-handlers', signal } : undefined;
    }
    case 'given': {
      const { id, taken } = fields;
      return typeof id === 'number' ? { type: 'given', id, taken: taken === true } : undefined;
    }
    case 'drain': {
      const { reason = 'cluster', timeout = 0, together = false, handBack } = fields;
      if (typeof reason !== 'string' || typeof timeout !== 'number' || typeof together !== 'boolean') {
        return undefined;
      }
      return {
        type: 'drain',
        reason,
        timeout: Math.max(0, timeout) || 0,
        together,
        handBack: handBack === true,
      };
    }
    default:
      return undefined;
  }
}

/** A listener by its address, the same in the primary that owns it and in a worker. */
export function addressKey(address: AddressInfo | string | null): string {
  return typeof address === 'object' ? `${address?.address} ${address?.port}` : address;
}
