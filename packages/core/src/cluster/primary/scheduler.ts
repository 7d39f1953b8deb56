import type { Worker } from 'node:cluster';
import type { ListeningSocket } from '../../listener/listening-socket.ts';
import type { RawHandle } from '../../node-internals/net.ts';

/** An accepted connection that the primary holds until a worker has taken it. */
export interface ClientHandle {
  close: (callback?: () => void) => void;
}

/** A listening handle of Node's round-robin scheduler. */
export interface SchedulerHandle extends RawHandle {
  onconnection: (error: number, client: ClientHandle | undefined) => void;
  close: () => void;
}

/** One listener of the scheduler, with its queue of connections. */
export interface Scheduler {
  readonly key: string;
  readonly socket: ListeningSocket;
  /** Gives a connection to a worker; one that is in the queue already moves to its end. */
  readonly give: (client: ClientHandle) => void;
  /** Whether no worker listens any more: Node has dropped the queue, and would keep what is given to it for ever. */
  deserted: boolean;
}

export interface Pending {
  readonly scheduler: Scheduler;
  /** Worker that the connection was sent to, and that has not taken it yet. */
  worker: Worker | undefined;
  /** Number of the message that it was sent with. */
  seq: unknown;
  /** When it was sent. */
  since: number;
  /** Whether a worker has sent it back. */
  refused: boolean;
}

/** The listening sockets that a cluster's primary owns under round robin, and what is on its way to workers. */
export interface RoundRobin {
  /** Calls back with each socket there is, and with each one that is opened later. */
  readonly onSocket: (visit: (socket: ListeningSocket) => void) => void;
  /** Connections that were accepted so far; undefined while the scheduler has no socket, as in `SCHED_NONE`. */
  readonly arrived: () => number | undefined;
  /** Accepted connections that no worker has: not sent yet, sent back, or sent to a worker that is gone. */
  readonly queued: () => number;
  /**
   * Resolves when workers have taken every accepted connection, except those whose worker does not answer; when all
   * refuse them; or when `expired`.
   *
   * @returns connections that were given up
   */
  readonly handedOver: (expired: () => boolean) => Promise<number>;
  /**
   * Takes a connection that a worker hands back, and deals it as a new one. Where the listener is closed, or very many
   * wait to be dealt, only the copy of its handle is closed: the worker keeps the connection.
   *
   * @param listener - by its `addressKey`
   * @param idle - milliseconds since its last request; null if it has never had one
   */
  readonly take: (listener: string, handle: unknown, idle: number | null) => boolean;
  /** Closes the copy of a handle: the worker that handed it back keeps the connection. @returns false */
  readonly refuse: (handle: unknown) => false;
  /**
   * Follows what is sent to a worker. A connection that it had not acknowledged, and so not read, when it died goes to
   * another worker, where Node would leave the client hanging. Where no worker is left it is closed.
   */
  readonly follow: (worker: Worker) => void;
  readonly stop: () => void;
}

export function isClientHandle(handle: unknown): handle is ClientHandle {
  return typeof (handle as Partial<ClientHandle> | null | undefined)?.close === 'function';
}
