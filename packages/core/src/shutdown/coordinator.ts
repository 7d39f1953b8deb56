import type { ConnectionCounts } from '../drain/limits.ts';
import { combine } from '../drain/drainable.ts';
import { expected, GracefulError, warn } from '../api/errors.ts';
import { createEvents } from './events.ts';
import { beginShutdown, exitWith } from '../process/exit.ts';
import { watchFatalErrors } from '../process/fatal-errors.ts';
import { createHooks, describeError } from './hooks.ts';
import { loadSystemCalls } from '../kernel/system-calls.ts';
import { watchSynCookies } from '../kernel/syn-cookies.ts';
import { logEvents } from './log.ts';
import type { Settings } from '../api/options.ts';
import type { ShutdownReport, State } from '../api/report.ts';
import { createServers } from './servers.ts';
import type { ShutdownCoordinator } from '../api/coordinator.ts';
import { runShutdown, type DrainOrder, type ShutdownParts } from './steps.ts';
import { signalExitCode, watchSignals } from '../process/signals.ts';
import type { Surroundings } from './role.ts';
import { createUpgrades } from './upgrades.ts';
import { createWork } from './work.ts';

/** Names of requests in a progress line. */
const NAMED = 10;

/** A coordinator with the handles that a cluster moves it by. */
export interface CoordinatorCore {
  readonly coordinator: ShutdownCoordinator;
  readonly announce: () => void;
  /** Begins the shutdown that another process decided on, and exits at its end. */
  readonly drain: (order: Omit<DrainOrder, 'own'>) => void;
  readonly beginAndExit: (reason: string) => void;
  /** Puts something that went wrong into the report, which is then not clean. */
  readonly note: (error: unknown) => void;
  /** As `beginAndExit`, with code 1 at the end. */
  readonly fail: (reason: string, error: string) => void;
  readonly progress: () => { readonly counts: ConnectionCounts; readonly waiting: readonly string[] };
  readonly onDispose: (stop: () => void) => void;
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
  const upgrades = createUpgrades(note);
  const servers = createServers(note, { upgraded: upgrades.end });
  const work = createWork();
  const everything = combine([servers, work, ...(around.drainable === undefined ? [] : [around.drainable])]);
  if (settings.logger !== undefined) logEvents(settings.logger, events);

  let state: State = 'running';
  let ready = true;
  let shutdown: Promise<ShutdownReport> | undefined;
  let exiting = false;
  let fatal = false;

  function enter(next: State): void {
    const previous = state;
    state = next;
    events.emit('state', { state, previous });
  }

  function progressNow(): ReturnType<CoordinatorCore['progress']> {
    return { counts: everything.counts(), waiting: everything.waiting(NAMED) };
  }

  function begin(order: DrainOrder): Promise<ShutdownReport> {
    if (shutdown !== undefined) return shutdown;
    // Known before the first step: a listener that hears of it may ask for the shutdown itself.
    let start = (): void => {};
    shutdown = new Promise<void>((resolve) => {
      start = resolve;
    }).then(() => running);
    const ended = beginShutdown();
    const running = runShutdown(parts, order);
    start();
    // A turn later: whoever waits for the report hears of it before the process may end.
    void shutdown.then(() => setImmediate(ended));
    return shutdown;
  }

  /** A shutdown that the outside world wants: the process exits at its end. */
  function beginAndExit(order: DrainOrder): void {
    const report = begin(order);
    if (exiting) return;
    exiting = true;
    void report.then(async (done) => {
      await around.finished?.(done);
      const code = fatal ? 1 : done.exitCode;
      if (settings.exit === true) exitWith(code);
      if (typeof settings.exit === 'function') settings.exit(code, done);
    });
  }

  function forceExit(signal: NodeJS.Signals): void {
    if (settings.exit !== true) return;
    everything.cut();
    process.exit(signalExitCode(signal));
  }

  function onFatalError(reason: string, error: string): void {
    errors.push(error);
    fatal = true;
    // Where the report is complete already, and the process about to end.
    process.exitCode = 1;
    try {
      // Not stderr.write: its EPIPE would be the next uncaught exception, without end. The console ignores it.
      if (settings.logger === undefined) console.error(error);
      else settings.logger.error({ error }, `shutdown: ${reason}`);
    } catch (failure) {
      note(failure);
    }
    beginAndExit(alone(reason));
  }

  function track(name: string): () => void;
  function track<T>(promise: Promise<T>, name?: string): Promise<T>;
  function track(what: unknown, name = 'background work'): unknown {
    if (typeof what === 'string' && what !== '') return work.begin(what);
    if (!(what instanceof Promise)) {
      throw expected('ERR_GRACEFUL_INVALID_ARGUMENT', 'work', 'a promise or a non-empty name', what);
    }
    return what.finally(work.begin(name));
  }

  function addHook(hooks: typeof before, open: boolean, args: Parameters<typeof before.add>): () => void {
    if (!open) throw new GracefulError('ERR_GRACEFUL_TOO_LATE', `a hook was added in the state '${state}'`);
    return hooks.add(...args);
  }

  const parts: ShutdownParts = {
    settings,
    native,
    cookies,
    servers,
    work,
    everything,
    before,
    after,
    events,
    errors,
    note,
    enter,
    workers: around.workers ?? (() => []),
    handedOver: around.handedOver ?? (() => Promise.resolve()),
    serves: () => around.drainable !== undefined || servers.list().some(({ listening }) => listening),
    closing: (reason) => {
      if (servers.list().length === 0 && around.drainable === undefined && around.forward === undefined) {
        warn('WARN_GRACEFUL_NO_SERVER', 'shutdown with no server attached');
      }
      abort.abort();
      events.emit('closing', { reason });
    },
    tellProgress: (left) => {
      const { counts, waiting } = progressNow();
      events.emit('progress', { state, ...counts, left, waiting });
    },
  };

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
    onUpgrade: upgrades.add,
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
    stats: () => ({
      state,
      ready: coordinator.ready,
      servers: servers.list().length,
      ...everything.counts(),
    }),
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
    drain: (order) => beginAndExit({ ...order, own: false }),
    beginAndExit: (reason) => beginAndExit(alone(reason)),
    note,
    fail: onFatalError,
    progress: progressNow,
    onDispose: (stop) => unwatch.push(stop),
  };
}

/** A shutdown that this process decides on. Its own listeners are nobody else's, a shared port's other members stay. */
function alone(reason: string): DrainOrder {
  return { reason, timeout: undefined, together: false, own: true };
}
