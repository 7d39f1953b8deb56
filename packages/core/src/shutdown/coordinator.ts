import { setImmediate, setTimeout } from '../clock.ts';
import type { ShutdownCoordinator } from '../api/coordinator.ts';
import { describeError, expected, GracefulError } from '../api/errors.ts';
import type { Settings } from '../api/options.ts';
import type { ShutdownReport } from '../api/report.ts';
import { combine } from '../drain/drainable.ts';
import { isListening } from '../listener/listening-socket.ts';
import { watchSynCookies } from '../kernel/syn-cookies.ts';
import { loadSystemCalls } from '../kernel/system-calls.ts';
import { settingsFor } from '../process/development.ts';
import { watchFatalErrors } from '../process/fatal-errors.ts';
import { checkSignalPath } from '../process/signal-path.ts';
import { programListens } from '../process/program-listeners.ts';
import { watchSignals } from '../process/signals.ts';
import { containErrors } from '../process/uncaught.ts';
import { attempt } from './containment.ts';
import { createReport } from './create-report.ts';
import { createEnding } from './ending.ts';
import { createAbort, createEvents } from './events.ts';
import { createHooks } from './hooks.ts';
import { warnOfShare } from './hook-share.ts';
import { createInterferences } from './interferences.ts';
import { createLifecycle } from './lifecycle.ts';
import { logEvents } from './log.ts';
import type { CoordinatorControls, Role } from './role.ts';
import { runAsOurs } from './postponed-close.ts';
import { createServers, warnWithoutServer } from './servers.ts';
import { checkTimeout } from './shutdown-options.ts';
import { NO_OTHERS, runShutdown, type DrainOrder, type ShutdownParts } from './steps.ts';
import { createHold } from './hold.ts';
import { createUpgrades } from './upgrades.ts';
import { createVoice } from './voice.ts';
import { createWork, trackWork } from './work.ts';

/** Most names of requests in a progress event. */
const MAX_NAMED = 10;

/** Puts a coordinator together; `role` is the part that the process plays in a cluster. */
export function makeCoordinator(settings: Settings, role: Role): CoordinatorControls {
  // Loaded here and never during a shutdown, when a read from the disk may stall.
  const native = loadSystemCalls();
  if (settings.signals.includes('SIGTERM')) checkSignalPath();
  const cookies = watchSynCookies();
  containErrors();
  const before = createHooks();
  const after = createHooks();
  const abort = createAbort();
  const errors: string[] = [];
  let complete = false;
  const record = (error: unknown): void => {
    errors.push(describeError(error));
  };
  const note = (error: unknown): void => {
    if (complete) ending.tell(describeError(error), 'an error after the report');
    else record(error);
  };
  const events = createEvents(note);
  const upgrades = createUpgrades(note);
  const servers = createServers(note, { upgraded: upgrades.end });
  const work = createWork();
  const everything = combine([servers, work, ...role.others]);

  const others: ShutdownParts['others'] = () => ({ workers: role.workers(), threads: role.threads() });

  const interferences = createInterferences();
  const describe = (): string => everything.waiting(MAX_NAMED).join('; ');
  const exits = settings.exit !== false;
  const hold = createHold(
    servers,
    { describe, failed: note, exits, drained: servers.drained },
    interferences,
  );
  const lifecycle = createLifecycle(events, hold, settings.timeout, (order, deadline) =>
    runShutdown({ ...parts, settings: settingsFor(settings, order.reason) }, order, deadline),
  );
  const { begin } = lifecycle;
  const ending = createEnding(settings, { ...lifecycle, finished: role.finished, forced, note: record });
  // Added before any listener of the program.
  events.on('stopped', (report) => {
    complete = true;
    ending.reported(report);
  });

  const progress: CoordinatorControls['progress'] = () => ({
    counts: everything.counts(),
    waiting: everything.waiting(MAX_NAMED),
  });

  if (settings.logger !== undefined) logEvents(settings.logger, events);
  const voice = settings.logger === undefined && !settings.silent ? createVoice(events, progress) : undefined;

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
    interferences,
    hold,
    enter: lifecycle.enter,
    others,
    arrived: role.arrived,
    cleansUp: (reason) => role.serves() || typeof settings.exit === 'function' || programListens(reason),
    handedOver: role.handedOver,
    serves: () => role.serves() || servers.list().some(isListening),
    closing: (reason) => {
      if (role.needsServer && !role.serves()) warnWithoutServer(servers);
      runAsOurs(() => {
        abort.abort();
        events.emit('closing', { reason });
      });
    },
    tellProgress: (left) => {
      const { counts, waiting } = progress();
      events.emit('progress', { state: lifecycle.state(), ...counts, left: Math.round(left), waiting });
    },
  };

  function onFatalError(reason: string, error: string): void {
    errors.push(error);
    ending.fail(ownDecision(reason), error);
  }

  /** A second signal ends the shutdown here: the report says what was cut by that. */
  function forced(signal: NodeJS.Signals): ShutdownReport {
    const cut = attempt(note, everything.cut, []);
    note(`a second signal, ${signal}, forced the exit`);
    return createReport({
      reason: signal,
      duration: 0,
      phases: { delaying: 0, closing: 0, draining: 0, cleanup: 0 },
      listeners: [],
      hooks: [],
      ...attempt(note, others, NO_OTHERS),
      interferences: interferences.list(),
      errors,
      open: cut.length,
      cut,
      totals: attempt(note, everything.totals, []),
    });
  }

  function addHook(hooks: typeof before, open: boolean, args: Parameters<typeof before.add>): () => void {
    if (open) return hooks.add(...args);
    throw new GracefulError('ERR_GRACEFUL_TOO_LATE', `a hook was added in the state '${lifecycle.state()}'`);
  }

  let disposed = false;
  const disposers: (() => void)[] = [
    watchSignals(settings.signals, settings.secondSignalDelay, {
      begin: (signal) => {
        hold.begin(signal);
        if (!role.forward(signal)) ending.beginAndExit(ownDecision(signal));
        // Where the primary does not decide in time, nothing is held for it.
        else setTimeout(() => lifecycle.state() === 'running' && hold.end(), settings.timeout).unref();
      },
      force: (signal) => {
        if (!role.forward(signal)) ending.force(signal);
      },
    }),
    settings.handleFatalErrors ? watchFatalErrors(onFatalError) : () => {},
    cookies.stop,
    hold.end,
    everything.release,
    events.clear,
  ];

  const coordinator: ShutdownCoordinator = {
    attach: (server) => {
      const detach = servers.attach(server);
      role.attached(server);
      return detach;
    },
    shutdown: (reason = 'shutdown()', options = {}) => begin(ownDecision(reason, checkTimeout(options))),
    onShutdown: (...args) => addHook(after, !['cleanup', 'stopped'].includes(lifecycle.state()), args),
    beforeShutdown: (...args) => {
      warnOfShare(settings, ...args);
      return addHook(before, lifecycle.state() === 'running', args);
    },
    track: trackWork(work),
    onUpgrade: upgrades.add,
    get state() {
      return lifecycle.state();
    },
    get ready() {
      return lifecycle.ready();
    },
    setReady: (value) => {
      if (typeof value !== 'boolean')
        throw expected('ERR_GRACEFUL_INVALID_ARGUMENT', 'ready', 'a boolean', value);
      lifecycle.setReady(value);
      role.readyChanged(value);
    },
    signal: abort.signal,
    stats: () => ({
      state: lifecycle.state(),
      ready: lifecycle.ready(),
      servers: servers.list().length,
      ...everything.counts(),
    }),
    on: events.on,
    get disposed() {
      return disposed;
    },
    dispose: () => {
      if (disposed) return;
      disposed = true;
      const dispose = (): void => disposers.forEach((stop) => stop());
      // In the middle of a shutdown servers without care would be cut by the exit at its end.
      if (complete || lifecycle.state() === 'running') dispose();
      else void begin(ownDecision('dispose')).then(() => setImmediate(dispose));
    },
    [Symbol.asyncDispose]: async () => {
      await begin(ownDecision('dispose'));
      coordinator.dispose();
    },
  };

  const controls: CoordinatorControls = {
    coordinator,
    timeout: settings.timeout,
    announce: () => {
      lifecycle.setReady(false);
      everything.announce();
    },
    drain: (order) => {
      voice?.leaveToPrimary();
      ending.beginAndExit({ ...order, own: false });
    },
    beginAndExit: (reason) => ending.beginAndExit(ownDecision(reason)),
    emit: events.emit,
    note,
    fail: onFatalError,
    progress,
    onDispose: (stop) => disposers.push(stop),
  };
  role.join(controls);
  return controls;
}

/** The order of a shutdown that this process decides on by itself: others that share its ports may go on listening. */
function ownDecision(reason: string, timeout?: number): DrainOrder {
  return { reason, timeout, together: false, own: true };
}
