import type { ClientContext, ClientKind } from '../clients/client.ts';
import { createConnection, type IdleEvents } from '../clients/connection.ts';
import { keepAlive } from '../clients/keep-alive.ts';
import { resolveLoad, type LoadOptions } from '../clients/load-options.ts';
import { newConnection } from '../clients/new-connection.ts';
import { slow } from '../clients/slow.ts';
import { isErrorStatus } from '../clients/status.ts';
import { now, type Attempt } from '../measure/attempt.ts';
import type { Counts } from '../measure/outcome.ts';
import { createTally, type LoadTally } from '../measure/tally.ts';
import { checkLoopback, type Target } from '../network/target.ts';
import { createInFlight } from './in-flight.ts';
import { createRandom } from './random.ts';
import { createWaiting } from './waiting.ts';

/** Clients at work. */
export interface Load {
  /** Starts the clients that arrive at the moment of the signal: they are on their way when the next tick is over. */
  rush(): void;
  /** Marks the time of the signal, in milliseconds since 1970. */
  signalled(at: number): void;
  /** No further attempts. Those in flight may end, at most `hungAfter` from their start. */
  stop(): void;
  /** Ends what is still in flight as hung. */
  expire(): void;
  /** Resolves when every attempt has ended, after `stop`. */
  readonly ended: Promise<void>;
  /** What became of the attempts so far. */
  readonly counts: Counts;
  /**
   * When the first client was refused that started after the signal, in milliseconds after it. Null if none was yet.
   */
  readonly firstRefused: number | null;
  result(): LoadTally;
}

/** Starts all clients at once. @throws ERR_PROBE_NOT_LOOPBACK for a host that is not `127.0.0.1` or `::1` */
export function startLoad(target: Target, options: LoadOptions = {}): Load {
  checkLoopback(target);
  return startClients(target, [newConnection, keepAlive, slow], options);
}

export function startClients(target: Target, kinds: readonly ClientKind[], options: LoadOptions = {}): Load {
  const settings = resolveLoad(options);
  const tally = createTally();
  const inFlight = createInFlight(settings.hungAfter);
  const waiting = createWaiting();
  const idle: IdleEvents = {
    closed: () => tally.idleClosed(),
    reset: () => tally.idleReset(),
    unsolicited: () => tally.unsolicited(),
  };
  const isError = (status: number): boolean => isErrorStatus(status, settings);
  let rushing: (() => void)[] = [];
  let resolveEnded: (() => void) | undefined;
  const ended = new Promise<void>((resolve) => {
    resolveEnded = resolve;
  });
  let connections = 0;
  let working = 0;
  let stopped = false;

  function rush(): void {
    const callbacks = rushing;
    rushing = [];
    for (const callback of callbacks) callback();
  }

  function stop(): void {
    stopped = true;
    rush();
    waiting.end();
    endWhenIdle();
  }

  function endWhenIdle(): void {
    if (working > 0) return;
    inFlight.close();
    resolveEnded?.();
  }

  function end(...[attempt, ending]: Parameters<ClientContext['end']>): boolean {
    if (!inFlight.delete(attempt)) return false;
    tally.add(attempt, ending);
    if (tally.attempts === settings.maxAttempts) stop();
    return true;
  }

  function startClient({ kind, start }: ClientKind, number: number): void {
    working += 1;
    const begin: ClientContext['begin'] = ({ connection, opened, expire }) => {
      const times = { startedAt: now(), connectedAt: undefined, firstByteAt: undefined };
      const attempt: Attempt = { kind, connection, opened, ...times };
      inFlight.add(attempt, expire);
      return attempt;
    };
    start({
      target,
      settings,
      random: createRandom(settings.seed * 65_537 + number),
      get stopped() {
        return stopped;
      },
      nextConnection: () => (connections += 1),
      connect: (handshakeDelay) =>
        createConnection({ number: (connections += 1), target, idle, isError, handshakeDelay }),
      attempt(connection, { bytes, opened }, onEnded) {
        const expire = (): void => connection.expire();
        const attempt = begin({ connection: connection.number, opened, expire });
        connection.request(attempt, bytes, (ending) => {
          end(attempt, ending);
          onEnded(ending, attempt);
        });
      },
      begin,
      end,
      beforeSignal: (callback) => void rushing.push(callback),
      later: (delay, callback) => waiting.later(delay, callback),
      pause: (delay, callback) => waiting.pause(delay, callback),
      ended() {
        working -= 1;
        endWhenIdle();
      },
    });
  }

  for (const kind of kinds) {
    for (let number = 0; number < kind.clients(settings); number += 1) startClient(kind, number);
  }

  return {
    rush,
    signalled: (at) => tally.signalled(at, inFlight.attempts()),
    stop,
    expire: () => inFlight.expire(),
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
