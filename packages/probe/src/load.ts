import { now, type Attempt } from './attempt.ts';
import { clientKinds } from './clients/all.ts';
import type { ClientContext, ClientKind } from './clients/client.ts';
import { createConnection, type Connection, type IdleEvents, type Target } from './connection.ts';
import { ProbeError } from './errors.ts';
import { resolveLoad, type LoadOptions } from './load-options.ts';
import type { Counts } from './outcome.ts';
import { createRandom } from './random.ts';
import { createTally, type LoadTally } from './tally.ts';

/** Clients at work. */
export interface Load {
  /** Marks the time of the signal, in milliseconds since 1970. */
  signalled(at: number): void;
  /** No further attempts. Those in flight may end, at most `hungAfter` from their start. */
  stop(): void;
  /** Resolves when every attempt has ended, after `stop`. */
  readonly ended: Promise<void>;
  /** What became of the attempts so far. */
  readonly counts: Counts;
  result(): LoadTally;
}

const loopback: ReadonlySet<string> = new Set(['127.0.0.1', '::1']);

/** Starts all clients at once. @throws ERR_PROBE_NOT_LOOPBACK for a host that is not `127.0.0.1` or `::1` */
export function startLoad(target: Target, options: LoadOptions = {}): Load {
  if (!loopback.has(target.host)) {
    throw new ProbeError('ERR_PROBE_NOT_LOOPBACK', `only 127.0.0.1 and ::1 are probed, not ${target.host}`);
  }
  const settings = resolveLoad(options);
  const tally = createTally();
  const idle: IdleEvents = {
    closed: () => tally.idleClosed(),
    reset: () => tally.idleReset(),
    unsolicited: () => tally.unsolicited(),
  };
  // In order of their start, so that the ones that hang come first.
  const inFlight = new Map<Attempt, Connection>();
  const waiting = new Map<() => void, NodeJS.Timeout>();
  let resolveEnded: (() => void) | undefined;
  const ended = new Promise<void>((resolve) => {
    resolveEnded = resolve;
  });
  const sweep = setInterval(expireHung, 100);
  let working = 0;
  let stopped = false;

  function expireHung(): void {
    const limit = now() - settings.hungAfter;
    for (const [attempt, connection] of inFlight) {
      if (attempt.startedAt > limit) break;
      connection.expire();
    }
  }

  function later(delay: number, callback: () => void): void {
    const run = (): void => {
      waiting.delete(run);
      callback();
    };
    waiting.set(run, setTimeout(run, stopped ? 0 : delay));
  }

  function stop(): void {
    stopped = true;
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
    const request = formatRequest(target, kind.path(settings), kind.once && settings.announceClose);
    working += 1;
    const context: ClientContext = {
      settings,
      random: createRandom(settings.seed * 65_537 + number),
      get stopped() {
        return stopped;
      },
      connect: () => createConnection(target, idle),
      attempt(connection, opened, onEnded) {
        const attempt: Attempt = {
          kind: kind.kind,
          startedAt: now(),
          opened,
          connectedAt: undefined,
          firstByteAt: undefined,
        };
        inFlight.set(attempt, connection);
        connection.request(attempt, request, (ending) => {
          inFlight.delete(attempt);
          tally.add(attempt, ending);
          if (tally.attempts === settings.maxAttempts) stop();
          onEnded(ending, attempt);
        });
      },
      later,
      ended() {
        working -= 1;
        endWhenIdle();
      },
    };
    kind.start(context);
  }

  for (const kind of clientKinds) {
    for (let number = 0; number < kind.clients(settings); number += 1) startClient(kind, number);
  }

  return {
    signalled: (at) => tally.signalled(at, inFlight.size),
    stop,
    ended,
    get counts() {
      return tally.counts;
    },
    result: () => tally.result(),
  };
}

function formatRequest({ host, port }: Target, path: string, close: boolean): Buffer {
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return Buffer.from(
    `GET ${path} HTTP/1.1\r\nHost: ${authority}\r\n${close ? 'Connection: close\r\n' : ''}\r\n`,
    'latin1',
  );
}
