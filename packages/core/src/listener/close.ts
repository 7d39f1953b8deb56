import { Server } from 'node:net';
import { now } from '../clock.ts';
import { queueLength } from './accept-queue.ts';
import { backlog } from './backlog.ts';
import { detach } from './detach.ts';
import { filter } from './filter.ts';
import { countHandshakes } from './handshakes.ts';
import { describeAddress, inspectListener, type Listener, type ListenerContext } from './listener.ts';
import type { Seal, SealMethod } from './methods.ts';
import { none } from './none.ts';
import { unlink } from './unlink.ts';

/** What closing one listener came to. */
export interface ListenerReport {
  readonly address: string;
  readonly seal: Seal;
  /** Why a better method was not used, one sentence each. */
  readonly notes: readonly string[];
  /** Connections in the accept queue at the signal, or null where the kernel does not tell. */
  readonly queued: number | null;
  /** Handshakes in progress at the signal, or null where nothing tells. */
  readonly handshakes: number | null;
  /** Connections that were still in the queue when it was closed, and so were reset; null where nothing tells. */
  readonly abandoned: number | null;
  /** Milliseconds from the signal to the close of the listening socket. */
  readonly duration: number;
}

export interface CloseOptions extends ListenerContext {
  readonly seal: 'auto' | Seal;
}

const bestFirst: readonly SealMethod[] = [unlink, detach, filter, backlog, none];

/**
 * Closes a listening server so that no client that reached the kernel is reset.
 *
 * The listener is off the network when this function returns its promise; the promise resolves when it is closed.
 * It closes nothing but the listener: connections are not touched.
 */
export async function closeListener(server: Server, options: CloseOptions): Promise<ListenerReport> {
  const start = now();
  const address = describeAddress(server);
  const listener = inspectListener(server, options);
  const { method, notes } = sealListener(listener, options.seal);
  const queued = queueLength(listener) ?? null;
  const handshakes = listener.port === 0 ? null : (countHandshakes(listener) ?? null);
  let abandoned: number | null = null;
  try {
    await method.finish(listener, () => {
      abandoned = queueLength(listener) ?? null;
      // http.Server#close would destroy connections as well: the idle ones on every line, and on Node 26 those
      // just accepted. The same method of net.Server closes the listener alone.
      if (server.listening) Server.prototype.close.call(server);
    });
  } finally {
    listener.release();
  }
  return { address, seal: method.seal, notes, queued, handshakes, abandoned, duration: now() - start };
}

function sealListener(
  listener: Listener,
  wanted: 'auto' | Seal,
): { readonly method: SealMethod; readonly notes: readonly string[] } {
  const notes: string[] = [];
  const kind = listener.path === undefined ? 'unlink' : undefined;
  const start = Math.max(
    bestFirst.findIndex(({ seal }) => seal === wanted),
    0,
  );
  for (const method of bestFirst.slice(start)) {
    if (method.seal === kind) continue;
    const note = method.apply(listener);
    if (note === undefined) return { method, notes };
    notes.push(note);
  }
  return { method: none, notes };
}
