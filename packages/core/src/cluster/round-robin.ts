import cluster, { type Worker } from 'node:cluster';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Server } from 'node:net';
import { turn } from '../clock.ts';
import { fileDescriptor, rawHandle, type ListeningSocket, type RawHandle } from '../listener/handle.ts';

/** An accepted connection that the primary holds until a worker has taken it. */
interface ClientHandle {
  close: (callback?: () => void) => void;
}

/** A listening handle of Node's round-robin scheduler. */
interface SchedulerHandle extends RawHandle {
  onconnection: (error: number, client: ClientHandle | undefined) => void;
  readonly close: () => void;
  readonly getsockname?: (out: object) => number;
}

/** The listening sockets that a cluster's primary owns under round robin, and what is on its way to workers. */
export interface RoundRobin {
  readonly sockets: () => readonly ListeningSocket[];
  /** Connections that were accepted and that no worker has been handed yet. */
  readonly queued: () => number;
  /** Resolves when every accepted connection was handed to a worker, or when `expired`. */
  readonly handedOver: (expired: () => boolean) => Promise<void>;
  /**
   * Follows what is sent to a worker, so that a connection which it dies with, unacknowledged and so unread, goes to
   * another worker; Node leaves its client hanging. Where no worker is left it is closed.
   */
  readonly follow: (worker: Worker) => void;
  readonly stop: () => void;
}

/** Turns of the loop between a worker's exit and the recovery of what it held. */
const RECOVERY_TURNS = 5;

const CHANNEL = 'tracing:net.server.listen:asyncEnd';

/**
 * Watches the primary's scheduler. It opens each listener as a `net.Server`, takes its handle and lets the server
 * go; the diagnostics channel shows the server just before that. Where a Node line does it differently, `sockets` stays
 * empty, and the cluster closes its listeners as plain Node does: with the last worker.
 */
export function watchRoundRobin(): RoundRobin {
  const sockets = new Map<SchedulerHandle, ListeningSocket>();
  /** Accepted and not taken by a worker yet, each with the scheduler's way to give it to one. */
  const pending = new Map<ClientHandle, { readonly give: () => void; worker: object | undefined }>();

  function own(handle: SchedulerHandle, address: ReturnType<Server['address']>): void {
    let accepted = 0;
    let open = true;
    const distribute = handle.onconnection;
    handle.onconnection = (error, client) => {
      accepted += 1;
      if (client !== undefined && error === 0) track(client, () => distribute.call(handle, 0, client));
      distribute.call(handle, error, client);
    };
    sockets.set(handle, {
      fd: fileDescriptor(handle),
      path: typeof address === 'string' ? address : undefined,
      host: typeof address === 'object' && address !== null ? address.address : '',
      port: typeof address === 'object' && address !== null ? address.port : 0,
      copied: false,
      accepted: () => accepted,
      relisten: (backlog) => handle.listen?.(backlog) === 0,
      close: () => {
        if (open) handle.close();
        open = false;
      },
      release: () => {},
    });
    const close = handle.close;
    Object.defineProperty(handle, 'close', {
      configurable: true,
      writable: true,
      value: (...args: []) => {
        open = false;
        sockets.delete(handle);
        close.apply(handle, args);
      },
    });
  }

  function track(client: ClientHandle, give: () => void): void {
    const close = client.close;
    pending.set(client, { give, worker: undefined });
    // While its worker is registered, the scheduler closes its copy when the worker has acknowledged.
    client.close = (...args) => {
      pending.delete(client);
      close.apply(client, args);
    };
  }

  function onListen(message: unknown): void {
    const { server } = message as { readonly server?: unknown };
    if (!(server instanceof Server)) return;
    const handle = rawHandle(server) as SchedulerHandle | null | undefined;
    const address = server.address();
    setImmediate(() => {
      if (handle === null || handle === undefined || typeof handle.onconnection !== 'function') return;
      if (rawHandle(server) === null && handle.fd !== -1) own(handle, address);
    });
  }

  subscribe(CHANNEL, onListen);

  async function recover(worker: Worker): Promise<void> {
    // Its last acknowledgements may still be in the channel, and Node must have forgotten the worker.
    for (let turns = 0; turns < RECOVERY_TURNS; turns += 1) await turn();
    const others = Object.values(cluster.workers ?? {}).some((other) => other?.isConnected());
    for (const [client, entry] of pending) {
      if (entry.worker !== worker) continue;
      entry.worker = undefined;
      if (others) entry.give();
      else client.close();
    }
  }

  const queued = (): number => [...pending.values()].filter(({ worker }) => worker === undefined).length;

  return {
    sockets: () => [...sockets.values()],
    queued,
    handedOver: async (expired) => {
      while (queued() > 0 && !expired()) await turn();
    },
    follow: (worker) => {
      const child = worker.process;
      const send = child.send.bind(child) as (...args: unknown[]) => boolean;
      child.send = (message: unknown, client?: unknown, ...rest: unknown[]) => {
        const entry = pending.get(client as ClientHandle);
        if (entry !== undefined) entry.worker = worker;
        return send(message, client, ...rest);
      };
      worker.once('exit', () => void recover(worker));
    },
    stop: () => unsubscribe(CHANNEL, onListen),
  };
}
