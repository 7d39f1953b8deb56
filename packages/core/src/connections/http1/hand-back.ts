import type { Server } from 'node:http';
import { now, sleep } from '../../clock.ts';
import type { DrainLimits } from '../../drain/limits.ts';
import { protocolOf } from '../../node-internals/http.ts';
import { adoptHandle, freeHandle, isFlushed, isUntouched, serverOf } from '../../node-internals/hand-over.ts';
import { rawHandle } from '../../node-internals/net.ts';
import { drainState, type Http1Connection } from './request-channel.ts';

/** Time between two looks at a connection that is not idle yet, in milliseconds. */
const LOOK_MS = 20;

/** Time between two looks whether the listener is closed, in milliseconds. */
const CLOSED_MS = 5;

/** The part of the drain in which connections are handed back. Those that are left then end as in any other drain. */
const SHARE = 0.5;

/** Hands idle connections to another process, one after the other, instead of closing them. */
export interface HandBack {
  /** Whether the connection will go to another process when it is idle, and so must not be told that it ends. */
  readonly keeps: (connection: Http1Connection) => boolean;
  /** Hands it over as soon as it is idle. */
  readonly offer: (connection: Http1Connection) => void;
  readonly moved: () => number;
  /** Resolves when none is on its way. */
  readonly settled: () => Promise<void>;
}

export interface HandBackContext {
  readonly limits: () => DrainLimits;
  readonly headBegun: (connection: Http1Connection) => boolean;
  /** It ends here after all. */
  readonly stay: (connection: Http1Connection) => void;
}

/** @param server - one of plain HTTP/1: what TLS knows of a connection is in this process */
export function createHandBack(server: Server, { limits, headBegun, stay }: HandBackContext): HandBack {
  const queue = new Set<Http1Connection>();
  let working: Promise<void> | undefined;
  let half: number | undefined;
  let refused = false;
  let moved = 0;

  function active(): boolean {
    if (limits().handBack === undefined || refused) return false;
    half ??= limits().left() * (1 - SHARE);
    return limits().left() > half;
  }

  function keeps({ socket, drain }: Http1Connection): boolean {
    return (
      active() &&
      drain?.ending === undefined &&
      serverOf(socket) === server &&
      protocolOf(socket) === 'http' &&
      limits().handBack?.deals(server) === true &&
      isUntouched(socket, 1)
    );
  }

  function isIdle(connection: Http1Connection): boolean {
    const { socket, upload } = connection;
    return upload?.complete !== false && isFlushed(socket) && !headBegun(connection);
  }

  async function hand(connection: Http1Connection): Promise<void> {
    const { socket, inFlight } = connection;
    // Its next response offers it again.
    if (inFlight.size > 0 || socket.destroyed || socket.writableEnded) return;
    if (!keeps(connection)) {
      stay(connection);
      return;
    }
    if (!isIdle(connection)) {
      drainState(connection).timer = setTimeout(offer, LOOK_MS, connection);
      return;
    }
    const silent = socket.bytesRead === 0;
    const handle = freeHandle(socket);
    if (handle === undefined) {
      refused = true;
      stay(connection);
      return;
    }
    drainState(connection).ending = 'moved';
    socket.destroy();
    const outcome = await limits().handBack?.give(
      server,
      handle,
      silent ? undefined : now() - connection.since,
    );
    if (outcome === 'returned') {
      refused = true;
      adoptHandle(server, handle);
      return;
    }
    handle.close();
    if (outcome === 'taken') moved += 1;
  }

  async function work(): Promise<void> {
    // Until then the process that deals them would deal them here.
    while (rawHandle(server) !== null && active()) await sleep(CLOSED_MS);
    for (const connection of queue) {
      queue.delete(connection);
      await hand(connection);
    }
  }

  function offer(connection: Http1Connection): void {
    queue.add(connection);
    working ??= work().finally(() => {
      working = undefined;
    });
  }

  return {
    keeps,
    offer,
    moved: () => moved,
    settled: async () => {
      while (working !== undefined) await working;
    },
  };
}
