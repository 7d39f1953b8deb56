import type { Server, Socket } from 'node:net';
import type { ConnectionCounts, CutConnection, ShutdownReport } from '../api/report.ts';
import type { DrainLimits } from './limits.ts';

/** The connections of one server. Each kind has a file; the coordinator drains them all through this interface. */
export interface Connections {
  readonly counts: () => ConnectionCounts;
  /**
   * Counts those that may still bring a request, or may be in the middle of one that is not read (idle, silent, half a
   * head), and those that owe an answer, unless that is an event stream.
   */
  readonly unsettled: () => number;
  /** What a drain waits for, by name: `GET /export, 4.2 s`. At most `limit` of them, longest first. */
  readonly waiting: (limit: number) => readonly string[];
  /** Makes every response say `Connection: close` from now on; idle connections stay. */
  readonly announce: () => void;
  /** Ends each connection as its kind asks, those accepted later included. */
  readonly drain: (limits: DrainLimits) => void;
  /** Resolves when none is left. */
  readonly whenEmpty: () => Promise<void>;
  /**
   * Destroys what is left, at the deadline.
   * @param enough - asked after each; it may be called again for the rest
   */
  readonly cut: (enough?: () => boolean) => readonly CutConnection[];
  readonly totals: () => ConnectionTotals;
  /** Servers that do not listen, and that the application gave connections of this one by `emit('connection')`. */
  readonly behind?: () => readonly Server[];
  /** What is open, for `adopt` of those that track the server next. Undefined where Node lists it. */
  readonly open?: () => unknown;
  /** Takes over what `open` of another tracker gave, which may be of another version: unknown things are left out. */
  readonly adopt?: (open: unknown) => void;
  /** Stops tracking and takes every listener off. */
  readonly release: () => void;
}

/** How connections ended since the drain began. */
export interface ConnectionTotals {
  /** Requests in flight when the drain began. */
  readonly inFlight: number;
  /** Requests answered since the drain began, those in flight included. */
  readonly served: number;
  /** Requests that came since the drain began, and were taken. */
  readonly arrived: number;
  /** Requests that ended without a whole answer by the client, the application or a timeout of Node's. */
  readonly unanswered: number;
  /** Ended after a response that said `Connection: close`, or an HTTP/2 session after GOAWAY. */
  readonly answered: number;
  /** Ended while idle: their `keepAliveGrace` was over. */
  readonly idle: number;
  /** Ended by the client, or by the application. */
  readonly gone: number;
  /** Handed to another process, which serves them on. */
  readonly moved?: number;
}

export const NO_TOTALS: ConnectionTotals = {
  inFlight: 0,
  arrived: 0,
  served: 0,
  unanswered: 0,
  answered: 0,
  idle: 0,
  gone: 0,
};

/**
 * The part of another process, or of another thread, in the sums of a report.
 *
 * @param counts - the last that was heard of one that did not report
 */
export function totalsOf(report: ShutdownReport | null, counts: ConnectionCounts): ConnectionTotals {
  const { connections, requests } = report ?? {};
  return {
    inFlight: requests?.inFlight ?? counts.inFlight,
    arrived: requests?.arrived ?? 0,
    served: requests?.served ?? 0,
    unanswered: requests?.gone ?? 0,
    answered: connections?.answered ?? 0,
    idle: connections?.idle ?? 0,
    gone: connections?.gone ?? 0,
    moved: connections?.moved ?? 0,
  };
}

/** What a server's connections share with the application. */
export interface ConnectionHooks {
  /** Asks the application to end an upgraded connection; true if it will. */
  readonly upgraded: (socket: Socket) => boolean;
}

/** Several kinds of connections of one server, drained as one. */
export function combineConnections(parts: readonly Connections[]): Connections {
  const sum = <Key extends string>(values: readonly Readonly<Record<Key, number>>[], key: Key): number =>
    values.reduce((total, each) => total + each[key], 0);
  return {
    counts: () => sumCounts(parts.map((part) => part.counts())),
    unsettled: () => parts.reduce((total, part) => total + part.unsettled(), 0),
    waiting: (limit) => parts.flatMap((part) => part.waiting(limit)).slice(0, limit),
    announce: () => {
      for (const part of parts) part.announce();
    },
    drain: (limits) => {
      for (const part of parts) part.drain(limits);
    },
    whenEmpty: async () => {
      // A connection may move from one kind to another meanwhile, as a TLS handshake does at its end.
      do await Promise.all(parts.map((part) => part.whenEmpty()));
      while (parts.some((part) => part.counts().open > 0));
    },
    cut: (enough) => cutInTurn(parts, enough),
    totals: () => {
      const totals = parts.map((part) => part.totals());
      return {
        inFlight: sum(totals, 'inFlight'),
        arrived: sum(totals, 'arrived'),
        served: sum(totals, 'served'),
        unanswered: sum(totals, 'unanswered'),
        answered: sum(totals, 'answered'),
        idle: sum(totals, 'idle'),
        gone: sum(totals, 'gone'),
        moved: totals.reduce((total, { moved = 0 }) => total + moved, 0),
      };
    },
    behind: () => parts.flatMap((part) => part.behind?.() ?? []),
    open: () => parts.map((part) => part.open?.()),
    adopt: (open) => {
      if (!Array.isArray(open)) return;
      for (const [index, part] of parts.entries()) part.adopt?.(open[index]);
    },
    release: () => {
      for (const part of parts) part.release();
    },
  };
}

/** Cuts one part after the other, until it is enough. */
export function cutInTurn(
  parts: readonly Pick<Connections, 'cut'>[],
  enough?: () => boolean,
): CutConnection[] {
  const done: CutConnection[] = [];
  for (const part of parts) {
    done.push(...part.cut(enough));
    if (enough?.() === true) break;
  }
  return done;
}

/** Cuts one item after the other, until it is enough. */
export function cutEach<Item, Cut>(
  items: Iterable<Item>,
  enough: (() => boolean) | undefined,
  cut: (item: Item) => Cut,
): Cut[] {
  const done: Cut[] = [];
  for (const item of items) {
    done.push(cut(item));
    if (enough?.() === true) break;
  }
  return done;
}

export function sumCounts(counts: readonly ConnectionCounts[]): ConnectionCounts {
  const sum = (key: keyof ConnectionCounts): number => counts.reduce((total, each) => total + each[key], 0);
  return { open: sum('open'), inFlight: sum('inFlight'), idle: sum('idle') };
}
