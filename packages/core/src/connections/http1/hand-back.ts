import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { createDeadline, now, setTimeout, sleep } from '../../clock.ts';
import type { DrainLimits } from '../../drain/limits.ts';
import { protocolOf } from '../../node-internals/http.ts';
import { adoptHandle, freeHandle, isFlushed, isUntouched, serverOf } from '../../node-internals/hand-over.ts';
import { rawHandle } from '../../node-internals/net.ts';
import type { OpenSet } from '../open-set.ts';
import type { IdleConnections } from './idle.ts';
import { drainState, type Http1Connection } from './request-channel.ts';

/** Time between two looks at a connection that is not idle yet, in milliseconds. */
const LOOK_MS = 20;

/** Time between two looks whether the listener is closed, in milliseconds. */
const CLOSED_MS = 5;

/**
 * Part of the drain, from 0 to 1, in which connections are handed back. What is left then ends as in any other drain.
 */
const HAND_BACK_SHARE = 0.5;

/** Hands idle connections to another process, one after the other, instead of closing them. */
export interface HandBack {
  /** Whether the connection will go to another process when it is idle, so that no response may say `close`. */
  readonly keeps: (connection: Http1Connection) => boolean;
  /** Hands a connection over as soon as it is idle. Returns false where it has to end here. */
  readonly offer: (connection: Http1Connection) => boolean;
  readonly moved: () => number;
  /** Resolves when nothing is left in the set, and none is on its way. */
  readonly whenEmpty: (set: OpenSet<Socket, Http1Connection>) => Promise<void>;
}

/** How long connections may be handed over. */
interface Window {
  readonly open: () => boolean;
  /** Resolves with what `work` gives, or with undefined once it is shut. */
  readonly race: <T>(work: Promise<T>) => Promise<T | undefined>;
  readonly close: () => void;
}

function createWindow(limits: () => DrainLimits): Window {
  let half: number | undefined;
  let closed = false;
  const left = (): number => {
    if (closed || limits().handBack === undefined) return 0;
    half ??= limits().left() * (1 - HAND_BACK_SHARE);
    return Math.max(0, limits().left() - half);
  };
  return {
    open: () => left() > 0,
    race: (work) => createDeadline(left()).race(work),
    close: () => {
      closed = true;
    },
  };
}

/**
 * @param plain - whether the server is one of plain HTTP/1
 * @param idle - for those that end here after all
 */
export function createHandBack(
  server: Server,
  plain: boolean,
  limits: () => DrainLimits,
  idle: IdleConnections,
): HandBack {
  const queue = new Set<Http1Connection>();
  const window = createWindow(limits);
  let working: Promise<void> | undefined;
  let moved = 0;

  const keeps = ({ socket, drain }: Http1Connection): boolean =>
    plain &&
    window.open() &&
    drain?.ending === undefined &&
    serverOf(socket) === server &&
    protocolOf(socket) === 'http' &&
    limits().handBack?.deals(server) === true &&
    isUntouched(socket);

  async function hand(connection: Http1Connection): Promise<void> {
    const { socket, inFlight, upload } = connection;
    // A busy connection is offered again at the end of its response.
    if (inFlight.size > 0 || socket.destroyed || socket.writableEnded) return;
    if (!keeps(connection)) idle.await(connection);
    else if (idle.headBegun(connection) || !isFlushed(socket) || upload?.complete === false) {
      setTimeout(enqueue, LOOK_MS, connection).unref();
    } else await give(connection);
  }

  async function give(connection: Http1Connection): Promise<void> {
    const { socket, since } = connection;
    const age = socket.bytesRead > 0 ? now() - since : undefined;
    const handle = freeHandle(socket);
    if (handle === undefined) {
      window.close();
      idle.await(connection);
      return;
    }
    drainState(connection).ending = 'moved';
    socket.destroy();
    // Without an answer (a stopped or blocked primary) the primary has the handle all the same: it may deal it later.
    const outcome = await window.race(Promise.resolve(limits().handBack?.give(server, handle, age)));
    moved += outcome === 'taken' ? 1 : 0;
    if (outcome !== 'returned') return handle.close();
    window.close();
    adoptHandle(server, handle);
  }

  async function work(): Promise<void> {
    // While this process listens, the primary could deal them to it again.
    while (rawHandle(server) !== null && window.open()) await sleep(CLOSED_MS);
    for (const connection of queue) {
      queue.delete(connection);
      await hand(connection);
    }
    working = undefined;
  }

  function enqueue(connection: Http1Connection): void {
    queue.add(connection);
    working ??= work();
  }

  return {
    keeps,
    offer: (connection) => {
      if (!keeps(connection)) return false;
      enqueue(connection);
      return true;
    },
    moved: () => moved,
    whenEmpty: async ({ entries, whenEmpty }) => {
      do {
        await whenEmpty();
        while (working !== undefined) await working;
      } while (entries.size > 0);
    },
  };
}
