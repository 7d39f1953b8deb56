import type { Server, Socket } from 'node:net';
import { createDeadline, now, type Deadline } from './clock.ts';
import type { ConnectionCounts, CutConnection } from './connections/connections.ts';
import { waitDelay } from './delay.ts';
import { expected, GracefulError, warn } from './errors.ts';
import { combine, type Drainable, type DrainOptions } from './drainable.ts';
import { createEvents, type Events } from './events.ts';
import { beginExit } from './exit.ts';
import { watchFatalErrors } from './fatal-errors.ts';
import { createHooks, describeError, type Hook, type HookOptions } from './hooks.ts';
import type { ListenerReport } from './listener/close.ts';
import { loadSystemCalls } from './listener/native.ts';
import { watchSynCookies } from './listener/syn-cookies.ts';
import { logEvents } from './log.ts';
import type { Settings } from './options.ts';
import { createReport, type HookReport, type ShutdownReport, type State, type WorkerReport } from './report.ts';
import { createServers } from './servers.ts';
import { signalExitCode, watchSignals } from './signals.ts';
import { createWork } from './work.ts';

export interface CoordinatorStats extends ConnectionCounts {
  readonly state: State;
  readonly ready: boolean;
  readonly servers: number;
}

/** Stops a process without losing a request. Made by `createCoordinator`. */
export interface ShutdownCoordinator extends AsyncDisposable {
  /**
   * Takes a server into care: any `net.Server`, `http.Server`, `https.Server`, before or after it listens, a closed
   * one too (it may listen again). Attaching it twice gives the same detach function. A server attached, or
   * listening, after a shutdown began is closed at once. Connections from before are taken over, except those of a
   * plain `net.Server`, which Node does not list.
   *
   * @returns a function that lets go of the server again
   * @throws ERR_GRACEFUL_INVALID_ARGUMENT if it is not a server
   * @throws ERR_GRACEFUL_SERVER_OWNED if another coordinator has it
   */
  readonly attach: (server: Server) => () => void;
  /**
   * Begins the shutdown, or joins the one that has begun. It never exits the process, and never rejects.
   *
   * @param reason - for the report
   * @defaultValue `'shutdown()'`
   */
  readonly shutdown: (reason?: string) => Promise<ShutdownReport>;
  /**
   * Adds work for after the last connection, such as closing a database pool. Last added runs first.
   *
   * @returns a function that takes it off again
   * @throws ERR_GRACEFUL_INVALID_ARGUMENT, ERR_GRACEFUL_HOOK_EXISTS, ERR_GRACEFUL_HOOK_CYCLE
   * @throws ERR_GRACEFUL_TOO_LATE once hooks are running
   */
  readonly onShutdown: (name: string, hook: Hook, options?: HookOptions) => () => void;
  /**
   * Adds work for before the listeners close, while traffic is served. All of it together may take half of the time
   * until connections are cut.
   *
   * @throws as `onShutdown`
   */
  readonly beforeShutdown: (name: string, hook: Hook, options?: HookOptions) => () => void;
  /**
   * Keeps the drain open for work that is not a connection, such as a background job, until its promise settles, at
   * most until connections are cut. Given a name alone, returns the function that says it is done.
   *
   * @throws ERR_GRACEFUL_INVALID_ARGUMENT
   */
  readonly track: Track;
  /**
   * Adds a function that ends connections which left HTTP by an upgrade or CONNECT, when the drain begins. It returns
   * true for one that it takes care of. WebSockets of the `ws` library need none: they get Close 1001.
   *
   * @returns a function that takes it off again
   * @throws ERR_GRACEFUL_INVALID_ARGUMENT
   */
  readonly onUpgrade: (end: EndUpgraded) => () => void;
  readonly state: State;
  /** False from the signal on, and while `setReady(false)` holds. */
  readonly ready: boolean;
  readonly setReady: (ready: boolean) => void;
  /** Aborts when the listeners are off the network, for endless streams and background loops. */
  readonly signal: AbortSignal;
  readonly stats: () => CoordinatorStats;
  /**
   * Listens to an event; returns a function that stops listening.
   *
   * @throws ERR_GRACEFUL_INVALID_ARGUMENT
   */
  readonly on: Events['on'];
  /** Takes off every listener that was added, signal handlers included; servers go on without care. */
  readonly dispose: () => void;
}

/** Ends an upgraded connection; true if it will. */
export type EndUpgraded = (socket: Socket) => boolean;

export interface Track {
  (name: string): () => void;
  <T>(work: Promise<T>, name?: string): Promise<T>;
}

/** How often progress is told, in milliseconds. */
const PROGRESS = 1_000;

/** Names of requests in a progress line. */
const NAMED = 10;

/** What stands around a coordinator in a cluster; nothing in a process of its own. */
export interface Surroundings {
  /** What is drained besides the servers of this process. */
  readonly drainable?: Drainable;
  readonly workers?: () => readonly WorkerReport[];
  /** Asked first when a signal comes: true if another process decides. */
  readonly forward?: (signal: NodeJS.Signals) => boolean;
  readonly readyChanged?: (ready: boolean) => void;
  readonly attached?: (server: Server) => void;
  /** Told of the report before the process exits. */
  readonly finished?: (report: ShutdownReport) => Promise<void>;
}

/** A coordinator with the handles that a cluster moves it by. */
export interface CoordinatorCore {
  readonly coordinator: ShutdownCoordinator;
  readonly announce: () => void;
  /** Begins the shutdown that another process decided on, and exits at its end. */
  readonly drain: (order: DrainOrder) => void;
  readonly beginAndExit: (reason: string) => void;
  /** The same, with code 1 at the end. */
  readonly fail: (reason: string, error: string) => void;
  readonly progress: () => { readonly counts: ConnectionCounts; readonly waiting: readonly string[] };
  readonly onDispose: (stop: () => void) => void;
}

export interface DrainOrder {
  readonly reason: string;
  /** Milliseconds for everything, where it is less than the `timeout` option. */
  readonly timeout: number | undefined;
  /** Whether everybody who shares the listeners stops as well. */
  readonly together: boolean;
}

export function makeCoordinator(settings: Settings, around: Surroundings = {}): CoordinatorCore {
  // On start, never during a shutdown: reading a file from the disk is the last thing a dying machine does well.
  const native = loadSystemCalls();
  const cookies = watchSynCookies();
  const before = createHooks();
  const after = createHooks();
  const abort = new AbortController();
  const errors: string[] = [];
  const note = (error: unknown): void => {
    errors.push(describeError(error));
  };
  const events = createEvents(note);
  const enders = new Set<EndUpgraded>();
  const servers = createServers(note, { upgraded: endUpgraded });
  const work = createWork();
  const everything = combine([servers, work, ...(around.drainable === undefined ? [] : [around.drainable])]);
  if (settings.logger !== undefined) logEvents(settings.logger, events);

  let state: State = 'running';
  let ready = true;
  let shutdown: Promise<ShutdownReport> | undefined;
  let exiting = false;
  let decidedHere = true;

  async function run({ reason, timeout = settings.timeout, together }: DrainOrder): Promise<ShutdownReport> {
    const start = now();
    const cleanup = Math.min(settings.cleanupTimeout, timeout / 2);
    const deadline = createDeadline(timeout, start);
    const draining = createDeadline(timeout - cleanup, start);
    const shutdownDelay = decidedHere ? settings.shutdownDelay : { max: 0, quiet: Infinity };
    const phases = { delaying: 0, closing: 0, draining: 0, cleanup: 0 };
    const hooks: HookReport[] = [];
    let cut: readonly CutConnection[] = [];
    let listeners: readonly ListenerReport[] = [];
    let open = 0;

    const phase = async (next: keyof typeof phases, work: () => unknown): Promise<void> => {
      const began = now();
      enter(next);
      await work();
      phases[next] = now() - began;
    };

    if (shutdownDelay.max > 0 || before.size() > 0) {
      await phase('delaying', async () => {
        everything.announce();
        const half = createDeadline(draining.left() / 2);
        const delay = waitDelay(shutdownDelay, servers.list());
        hooks.push(...(await before.run(reason, half)));
        await delay;
      });
    }
    const progress = setInterval(() => tellProgress(draining), PROGRESS);
    await phase('closing', async () => {
      open = everything.counts().open;
      everything.close(drainOptions(reason, draining, together));
      if (servers.list().length === 0 && around.drainable === undefined) warn('WARN_GRACEFUL_NO_SERVER', 'shutdown with no server attached');
      abort.abort();
      events.emit('closing', { reason });
      await draining.race(everything.closed());
    });
    await phase('draining', async () => {
      await draining.race(everything.drained());
      // The last requests may have begun work after the first look at it.
      await draining.race(work.drained());
      cut = everything.cut();
      clearInterval(progress);
    });
    await phase('cleanup', async () => {
      hooks.push(...(await after.run(reason, deadline)));
      listeners = (await deadline.race(everything.closed())) ?? [];
    });
    enter('stopped');
    const duration = now() - start;
    const totals = everything.totals();
    const workers = around.workers?.() ?? [];
    const report = createReport({ reason, duration, phases, listeners, hooks, errors, open, cut, totals, workers });
    events.emit('stopped', report);
    return report;
  }

  function enter(next: State): void {
    const previous = state;
    state = next;
    events.emit('state', { state, previous });
  }

  function drainOptions(reason: string, deadline: Deadline, together: boolean): DrainOptions {
    return {
      reason,
      together,
      keepAliveGrace: settings.keepAliveGrace,
      left: deadline.left,
      seal: settings.seal,
      native,
      cookies: cookies.inUse(),
      handshakeTimeout: settings.handshakeTimeout,
      expired: deadline.expired,
    };
  }

  function tellProgress(deadline: Deadline): void {
    const { counts, waiting } = progressNow();
    events.emit('progress', { state, ...counts, left: deadline.left(), waiting });
  }

  function progressNow(): ReturnType<CoordinatorCore['progress']> {
    return { counts: everything.counts(), waiting: everything.waiting(NAMED) };
  }

  function begin(order: DrainOrder): Promise<ShutdownReport> {
    shutdown ??= run(order);
    return shutdown;
  }

  /** A shutdown that the outside world wants: the process exits at its end. */
  function beginAndExit(order: DrainOrder): void {
    const report = begin(order);
    if (exiting) return;
    exiting = true;
    const leave = settings.exit === true ? beginExit() : undefined;
    void report.then(async (done) => {
      await around.finished?.(done);
      leave?.(done.exitCode);
      if (typeof settings.exit === 'function') settings.exit(done.exitCode, done);
    });
  }

  function forceExit(signal: NodeJS.Signals): void {
    if (settings.exit !== true) return;
    everything.cut();
    process.exit(signalExitCode(signal));
  }

  function onFatalError(reason: string, error: string): void {
    errors.push(error);
    if (settings.logger === undefined) process.stderr.write(`${error}\n`);
    else settings.logger.error({ error }, `shutdown: ${reason}`);
    beginAndExit(alone(reason));
  }

  function endUpgraded(socket: Socket): boolean {
    for (const end of enders) {
      try {
        if (end(socket)) return true;
      } catch (error) {
        note(error);
      }
    }
    return false;
  }

  function track(name: string): () => void;
  function track<T>(promise: Promise<T>, name?: string): Promise<T>;
  function track(what: unknown, name = 'background work'): unknown {
    if (typeof what === 'string' && what !== '') return work.begin(what);
    if (!(what instanceof Promise)) {
      throw expected('ERR_GRACEFUL_INVALID_ARGUMENT', 'work', 'a promise or a non-empty name', what);
    }
    const done = work.begin(name);
    what.then(done, done);
    return what;
  }

  function addHook(hooks: typeof before, open: boolean, args: Parameters<typeof before.add>): () => void {
    if (!open) throw new GracefulError('ERR_GRACEFUL_TOO_LATE', `a hook was added in the state '${state}'`);
    return hooks.add(...args);
  }

  const unwatch: ((() => void) | undefined)[] = [
    watchSignals(settings.signals, settings.secondSignalDelay, {
      begin: (signal) => {
        if (!around.forward?.(signal)) beginAndExit(alone(signal));
      },
      force: (signal) => {
        if (!around.forward?.(signal)) forceExit(signal);
      },
    }),
    settings.handleFatalErrors ? watchFatalErrors(onFatalError) : undefined,
    cookies.stop,
    everything.release,
    events.clear,
  ];

  const coordinator: ShutdownCoordinator = {
    attach: (server) => {
      const detach = servers.attach(server);
      around.attached?.(server);
      return detach;
    },
    shutdown: (reason = 'shutdown()') => begin(alone(reason)),
    onShutdown: (...args) => addHook(after, state !== 'cleanup' && state !== 'stopped', args),
    beforeShutdown: (...args) => addHook(before, state === 'running', args),
    track,
    onUpgrade: (end) => {
      if (typeof end !== 'function') throw expected('ERR_GRACEFUL_INVALID_ARGUMENT', 'end', 'a function', end);
      enders.add(end);
      return () => {
        enders.delete(end);
      };
    },
    get state() {
      return state;
    },
    get ready() {
      return ready && state === 'running';
    },
    setReady: (value) => {
      ready = value;
      around.readyChanged?.(value);
    },
    signal: abort.signal,
    stats: () => ({ state, ready: coordinator.ready, servers: servers.list().length, ...everything.counts() }),
    on: events.on,
    dispose: () => {
      for (const stop of unwatch) stop?.();
    },
    [Symbol.asyncDispose]: async () => {
      await begin(alone('dispose'));
      coordinator.dispose();
    },
  };
  return {
    coordinator,
    announce: () => {
      ready = false;
      everything.announce();
    },
    drain: (order) => {
      decidedHere = false;
      beginAndExit(order);
    },
    beginAndExit: (reason) => beginAndExit(alone(reason)),
    fail: onFatalError,
    progress: progressNow,
    onDispose: (stop) => unwatch.push(stop),
  };
}

/** A shutdown that this process decides on. Its own listeners are nobody else's, a shared port's other members stay. */
function alone(reason: string): DrainOrder {
  return { reason, timeout: undefined, together: false };
}
