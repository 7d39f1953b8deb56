import type { ListenerReport, Seal } from '../api/report.ts';
import { now } from '../clock.ts';
import { GracefulError } from '../api/errors.ts';
import { queueLength } from './accept-queue.ts';
import { backlog } from './seals/backlog.ts';
import { detach } from './seals/detach.ts';
import { filter } from './seals/filter.ts';
import { describeAddress, type ListeningSocket } from './listening-socket.ts';
import { countHandshakes } from './handshakes.ts';
import { inspectTarget, type SealTarget, type SealContext } from './seal-target.ts';
import type { SealMethod } from './seals/seal.ts';
import { none } from './seals/none.ts';
import { shutdown } from './seals/shutdown.ts';
import { unlink } from './seals/unlink.ts';
import { closeBeside } from './unix-path.ts';

export interface CloseOptions extends SealContext {
  readonly seal: 'auto' | Seal;
  /** Called with an error where clients may have been reset although the listener is closed. */
  readonly failed: (error: unknown) => void;
}

const bestFirst: readonly SealMethod[] = [unlink, shutdown, detach, filter, backlog, none];

const forUnix: ReadonlySet<SealMethod> = new Set([unlink, shutdown]);

/**
 * Closes a listening socket so that no client that reached the kernel is reset.
 *
 * The listener is off the network when this function returns its promise, unless the method is `backlog` or `none`,
 * which leave it on until they close it; the promise resolves when it is closed.
 * It closes nothing but the listener: connections are not touched.
 */
export async function closeListener(socket: ListeningSocket, options: CloseOptions): Promise<ListenerReport> {
  const start = now();
  const address = describeAddress(socket);
  const target = inspectTarget(socket, options);
  // The kernel's socket stays open in other processes, with its queue: only this copy goes.
  const onlyCopy = socket.copied && !options.together;
  const passedOn = !onlyCopy && !socket.inherited && socket.passedOn();
  const { method, notes } = onlyCopy
    ? { method: none, notes: [] }
    : sealListener(target, options.seal, passedOn);
  /** Whether clients in the queue wait for another process, which goes on listening. */
  const queueStays = onlyCopy || socket.inherited || passedOn;
  const queued = queueLength(target) ?? null;
  const handshakes = socket.port === 0 || socket.fd < 0 ? null : (countHandshakes(target) ?? null);
  let abandoned: number | null = null;
  try {
    const close = (ours = 0, empty = false): void => {
      const left = queueLength(target) ?? (empty ? ours : undefined);
      // The queue of a round-robin worker's listener is the primary's.
      if (queueStays || (socket.copied && socket.fd < 0)) abandoned = 0;
      else if (left !== undefined) abandoned = Math.max(0, left - ours);
      if (passedOn) closeCopy(socket);
      else socket.close();
    };
    await method.finish(target, close, handshakes);
  } finally {
    socket.release();
  }
  // The queue could be counted, and now the descriptor is gone: something else closed the listener before it was empty.
  if (queued !== null && socket.fd < 0 && abandoned === null && !queueStays) {
    options.failed(
      new GracefulError(
        'ERR_GRACEFUL_LISTENER_CLOSED',
        `something else closed ${address} while its accept queue was being emptied: clients in it were reset`,
      ),
    );
  }
  return { address, seal: method.seal, notes, queued, handshakes, abandoned, duration: now() - start };
}

/** Closes this copy of the socket alone. The path of a Unix socket stays, since it leads to the child as well. */
function closeCopy({ path, unix, close }: ListeningSocket): void {
  if (path === undefined || unix === undefined) close();
  else closeBeside(path, { path: unix.path, isOurs: () => false }, close);
}

function sealListener(
  target: SealTarget,
  wanted: 'auto' | Seal,
  passedOn: boolean,
): { readonly method: SealMethod; readonly notes: readonly string[] } {
  const notes: string[] = [];
  if (target.socket.copied && target.socket.fd < 0) {
    return { method: none, notes: ['the primary of the cluster owns the listener'] };
  }
  if (target.socket.inherited) {
    // No method, even if one is named: binding the socket to no interface, or removing its path, would outlive this
    // process, and no client could connect any more.
    return { method: none, notes: ['the socket was inherited, and its other holders may go on listening'] };
  }
  if (passedOn) {
    return { method: none, notes: ['a child process holds the socket too, and may go on listening'] };
  }
  const start = bestFirst.findIndex(({ seal }) => seal === wanted);
  for (const method of bestFirst.slice(Math.max(start, 0))) {
    // A TCP listener skips the methods for Unix sockets, without a note unless one was asked for by name.
    if (forUnix.has(method) && wanted === 'auto' && target.socket.path === undefined) continue;
    const note = method.apply(target);
    if (note === undefined) return { method, notes };
    notes.push(note);
  }
  return { method: none, notes };
}
