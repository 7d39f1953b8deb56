import type { Worker } from 'node:cluster';
import type { Server } from 'node:net';
import { now, setImmediate, sleep, turn } from '../../clock.ts';
import { addressKey } from '../protocol.ts';
import {
  isClientHandle,
  type ClientHandle,
  type Pending,
  type RoundRobin,
  type Scheduler,
  type SchedulerHandle,
} from './scheduler.ts';
import { onServerListening } from '../../listener/listen-channel.ts';
import type { ListeningSocket } from '../../listener/listening-socket.ts';
import { closeBeside, unixPath } from '../../listener/unix-path.ts';
import { fileDescriptor, isInherited, rawHandle, receiver } from '../../node-internals/net.ts';

/** Turns of the loop between a worker's exit and the recovery of what it held. */
const RECOVERY_TURNS = 5;

/**
 * How long workers may refuse connections (`maxConnections`) and take none before they are given up, in milliseconds.
 */
const REFUSED_MS = 1_000;

/** Milliseconds in which a worker that is not blocked says whether it takes a connection. */
const ANSWER_MS = 250;

/** Most connections that may wait for a worker while others are taken back from workers: Node's default backlog. */
const MAX_PENDING = 511;

/**
 * Watches the primary's scheduler. It opens each listener as a `net.Server`, takes its handle and lets the server
 * go; the diagnostics channel shows the server just before that. Where a Node line does it differently, there is no
 * socket to be seen, and the cluster closes its listeners as plain Node does: with the last worker.
 */
export function watchRoundRobin(): RoundRobin {
  const schedulers = new Set<Scheduler>();
  const pending = new Map<ClientHandle, Pending>();
  /** When the last request was, of connections that workers have handed back. */
  const idleSince = new WeakMap<ClientHandle, number>();
  const visitors: ((socket: ListeningSocket) => void)[] = [];
  let refusals = 0;

  function own(handle: SchedulerHandle, address: ReturnType<Server['address']>, inherited: boolean): void {
    let accepted = 0;
    const distribute = handle.onconnection;
    const close = handle.close.bind(handle);
    const path = typeof address === 'string' ? address : undefined;
    const unix = path === undefined ? undefined : unixPath(path);
    const tcp = typeof address === 'object' && address !== null ? address : undefined;
    const scheduler: Scheduler = {
      key: addressKey(address),
      give: (client) => distribute.call(handle, 0, client),
      deserted: false,
      socket: {
        get fd() {
          return fileDescriptor(handle);
        },
        path,
        unix,
        host: tcp?.address ?? '',
        port: tcp?.port ?? 0,
        copied: false,
        inherited,
        // The program never sees this handle.
        passedOn: () => false,
        accepted: () => accepted,
        receive: receiver(handle),
        relisten: (backlog) => handle.listen?.(backlog) === 0,
        close: () => {
          schedulers.delete(scheduler);
          if (path === undefined || unix === undefined) close();
          else closeBeside(path, unix, close);
        },
        release: () => {},
      },
    };
    handle.onconnection = (error, client) => {
      accepted += 1;
      if (client !== undefined && error === 0) track(client, scheduler);
      distribute.call(handle, error, client);
    };
    // The scheduler calls it when the last worker has left, whether the socket is closed by then or not.
    handle.close = () => {
      scheduler.deserted = true;
      scheduler.socket.close();
    };
    schedulers.add(scheduler);
    for (const visit of visitors) visit(scheduler.socket);
  }

  function track(client: ClientHandle, scheduler: Scheduler): void {
    const close = client.close;
    pending.set(client, { scheduler, worker: undefined, seq: undefined, since: 0, refused: false });
    // While its worker is registered, the scheduler closes its copy when the worker has acknowledged.
    client.close = (...args) => {
      pending.delete(client);
      close.apply(client, args);
    };
  }

  const stopWatching = onServerListening((server) => {
    const handle = rawHandle(server) as SchedulerHandle | null | undefined;
    const address = server.address();
    // Before the loop polls again, and so before the first connection. Node writes the server's key a microtask after
    // this event: asked now, an inherited socket would look like one of this process's own.
    setImmediate(() => {
      if (handle === null || handle === undefined || typeof handle.onconnection !== 'function') return;
      if (rawHandle(server) === null && handle.fd !== -1) own(handle, address, isInherited(server));
    });
  });

  async function recover(worker: Worker): Promise<void> {
    // The worker's last acknowledgements may still be in the channel, and Node must have forgotten the worker.
    for (let turns = 0; turns < RECOVERY_TURNS; turns += 1) await turn();
    for (const [client, entry] of pending) {
      // Node also drops what it deals to a worker whose channel is closed: nothing was sent, so no worker is noted.
      if (entry.worker !== undefined && entry.worker !== worker) continue;
      entry.worker = undefined;
      if (entry.scheduler.deserted) client.close();
      else entry.scheduler.give(client);
    }
  }

  /** Runs before Node puts the connection back into the queue, which Node does even if that was the last worker. */
  function onRefused(worker: Worker, seq: unknown): void {
    refusals += 1;
    for (const [client, entry] of pending) {
      if (entry.worker !== worker || entry.seq !== seq) continue;
      entry.worker = undefined;
      entry.refused = true;
      if (entry.scheduler.deserted) client.close();
    }
  }

  const isGone = (worker: Worker | undefined): boolean =>
    worker === undefined || worker.isDead() || !worker.isConnected();

  const count = (counts: (entry: Pending) => boolean): number => [...pending.values()].filter(counts).length;

  const queued = (): number => count(({ worker, refused }) => refused || isGone(worker));

  const unsettled = (): number => {
    const limit = now() - ANSWER_MS;
    return count(({ worker, since }) => isGone(worker) || since > limit);
  };

  function refuse(handle: unknown): false {
    if (isClientHandle(handle)) handle.close();
    return false;
  }

  return {
    refuse,
    take: (listener, handle, idle) => {
      const scheduler = [...schedulers].find(({ key, deserted }) => key === listener && !deserted);
      if (scheduler === undefined || !isClientHandle(handle) || pending.size >= MAX_PENDING)
        return refuse(handle);
      track(handle, scheduler);
      if (idle !== null) idleSince.set(handle, now() - idle);
      scheduler.give(handle);
      return true;
    },
    onSocket: (visit) => {
      visitors.push(visit);
      for (const { socket } of schedulers) visit(socket);
    },
    arrived: () => {
      if (schedulers.size === 0) return undefined;
      return [...schedulers].reduce((sum, { socket }) => sum + socket.accepted(), 0);
    },
    queued,
    handedOver: async (expired) => {
      let fewest = Infinity;
      let since = now();
      let refused = refusals;
      for (let left = unsettled(); left > 0; left = unsettled()) {
        if (expired()) return queued();
        if (left < fewest) {
          fewest = left;
          since = now();
          refused = refusals;
        } else if (refusals > refused && now() - since > REFUSED_MS) {
          return queued();
        }
        // A rest: turning without one would take the processor from the workers that are waited for.
        await sleep(1);
      }
      return 0;
    },
    follow: (worker) => {
      const child = worker.process;
      const send = child.send.bind(child) as (...args: unknown[]) => boolean;
      child.send = (message: unknown, client?: unknown, ...rest: unknown[]) => {
        const entry = pending.get(client as ClientHandle);
        if (entry !== undefined) {
          entry.worker = worker;
          entry.seq = (message as { readonly seq?: unknown }).seq;
          entry.since = now();
          const since = idleSince.get(client as ClientHandle);
          if (since !== undefined) Object.assign(message as object, { moved: now() - since });
        }
        return send(message, client, ...rest);
      };
      child.prependListener(
        'internalMessage',
        (message: { readonly ack?: unknown; readonly accepted?: unknown }) => {
          if (message.accepted === false) onRefused(worker, message.ack);
        },
      );
      worker.once('exit', () => void recover(worker));
    },
    stop: stopWatching,
  };
}
