import { now, type Attempt } from '../measure/attempt.ts';
import type { ClientContext, ClientKind } from '../clients/client.ts';
import { createConnection, type IdleEvents } from '../clients/connection.ts';
import { keepAlive } from '../clients/keep-alive.ts';
import { newConnection } from '../clients/new-connection.ts';
import { slow } from '../clients/slow.ts';
import { resolveLoad, type LoadOptions } from '../clients/load-options.ts';
import type { Counts } from '../measure/outcome.ts';
import { createRandom } from './random.ts';
import { createTally, type LoadTally } from '../measure/tally.ts';
import { checkLoopback, type Target } from '../network/target.ts';

/** Clients at work. */
export interface Load {
  /** Sends those who come at the moment of the signal on their way: they are when the next tick is over. */
  rush(): void;
  /** Marks the time of the signal, in milliseconds since 1970. */
  signalled(at: number): void;
  /** No further attempts. Those in flight may end, at most `hungAfter` from their start. */
  stop(): void;
  /** Whatever is still in flight has hung. */
  expire(): void;
  /** Resolves when every attempt has ended, after `stop`. */
  readonly ended: Promise<void>;
  /** What became of the attempts so far. */
  readonly counts: Counts;
  /** When the first client was refused that came after the signal, in milliseconds after it. Null if none was yet. */
  readonly firstRefused: number | null;
  result(): LoadTally;
}

/** In milliseconds. A server may have ended a connection in good faith that was idle for so much longer than meant. */
const LATE = 250;

/** Starts all clients at once. @throws ERR_PROBE_NOT_LOOPBACK for a host that is not `127.0.0.1` or `::1` */
export function startLoad(target: Target, options: LoadOptions = {}): Load {
  checkLoopback(target);
  return startClients(target, [newConnection, keepAlive, slow], options);
}

export function startClients(target: Target, kinds: readonly ClientKind[], options: LoadOptions = {}): Load {
  const settings = resolveLoad(options);
  const tally = createTally();
  const idle: IdleEvents = {
    closed: () => tally.idleClosed(),
    reset: () => tally.idleReset(),
    unsolicited: () => tally.unsolicited(),
  };
  // What gives an attempt up. In order of their start, so that the ones that hang come first.
  const inFlight = new Map<Attempt, () => void>();
  const waiting = new Map<() => void, NodeJS.Timeout>();
  let rushing: (() => void)[] = [];
  let resolveEnded: (() => void) | undefined;
  const ended = new Promise<void>((resolve) => {
    resolveEnded = resolve;
  });
  // What came while this process was late is read first: a slow client is no proof of a slow server.
  const sweep = setInterval(() => setImmediate(expireHung), 100);
  let connections = 0;
  let working = 0;
  let stopped = false;

  function expireHung(): void {
    const limit = now() - settings.hungAfter;
    for (const [attempt, expire] of inFlight) {
      if (attempt.startedAt > limit) break;
      expire();
    }
  }

  function later(delay: number, callback: () => void): void {
    const run = (): void => {
      waiting.delete(run);
      callback();
    };
    waiting.set(run, setTimeout(run, stopped ? 0 : delay));
  }

  // A timer that is late fires before the FIN is read that came long ago; after the next poll it has been read.
  function pause(delay: number, callback: (late: boolean) => void): void {
    const due = now() + delay;
    later(delay, () => setImmediate(() => callback(now() - due > LATE)));
  }

  function rush(): void {
    const callbacks = rushing;
    rushing = [];
    for (const callback of callbacks) callback();
  }

  function stop(): void {
    stopped = true;
    rush();
    for (const [run, timer] of waiting) {
      clearTimeout(timer);
      run();
    }
    endWhenIdle();
  }

  function endWhenIdle(): void {
    if (working > 0) return;
    clearInterval(sweep);
    resolveEnded?.();
  }

  function startClient(kind: ClientKind, number: number): void {
    working += 1;
    const context: ClientContext = {
      target,
      settings,
      random: createRandom(settings.seed * 65_537 + number),
      get stopped() {
        return stopped;
      },
      nextConnection: () => (connections += 1),
      connect: (handshakeDelay) =>
        createConnection({ number: (connections += 1), target, idle, handshakeDelay }),
      attempt(connection, { bytes, opened }, onEnded) {
        const attempt = context.begin({
          connection: connection.number,
          opened,
          expire: () => connection.expire(),
        });
        connection.request(attempt, bytes, (ending) => {
          context.end(attempt, ending);
          onEnded(ending, attempt);
        });
      },
      begin({ connection, opened, expire }) {
        const attempt: Attempt = {
          kind: kind.kind,
          connection,
          startedAt: now(),
          opened,
          connectedAt: undefined,
          firstByteAt: undefined,
        };
        inFlight.set(attempt, expire);
        return attempt;
      },
      end(attempt, ending) {
        if (!inFlight.delete(attempt)) return false;
        tally.add(attempt, ending);
        if (tally.attempts === settings.maxAttempts) stop();
        return true;
      },
      beforeSignal: (callback) => void rushing.push(callback),
      later,
      pause,
      ended() {
        working -= 1;
        endWhenIdle();
      },
    };
    kind.start(context);
  }

  for (const kind of kinds) {
    for (let number = 0; number < kind.clients(settings); number += 1) startClient(kind, number);
  }

  return {
    rush,
    signalled: (at) => tally.signalled(at, inFlight.keys()),
    stop,
    expire() {
      for (const expire of inFlight.values()) expire();
    },
    ended,
    get counts() {
      return tally.counts;
    },
    get firstRefused() {
      return tally.firstRefused;
    },
    result: () => tally.result(),
  };
}
