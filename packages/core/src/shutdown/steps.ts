import { attempt } from './containment.ts';
import { createReport } from './create-report.ts';
import { createDeadline, deadlineBefore, every, now, turn, type Deadline } from '../clock.ts';
import { SLICE_MS } from '../connections/schedule.ts';
import { whenCalm } from './calm.ts';
import { waitDelay } from './delay.ts';
import type { HandBackTarget } from '../node-internals/hand-over.ts';
import type { Drainable } from '../drain/drainable.ts';
import type { Events } from './events.ts';
import type { Hooks } from './hooks.ts';
import { hasUnread, sendFin } from '../kernel/connection.ts';
import type { LoadedSystemCalls } from '../kernel/system-calls.ts';
import type { SynCookies } from '../kernel/syn-cookies.ts';
import { runningStops } from '../process/stops.ts';
import type { Settings } from '../api/options.ts';
import type { HookReport, ShutdownReport, State, CutConnection, ListenerReport } from '../api/report.ts';
import type { Interferences } from './interferences.ts';
import type { Hold } from './hold.ts';
import type { Servers } from './servers.ts';
import type { Work } from './work.ts';

/** A decision to shut down: why, by which process, and how long it may take. */
export interface DrainOrder {
  readonly reason: string;
  /** Milliseconds for everything; undefined for the `timeout` option, or for what an earlier order left. */
  readonly timeout: number | undefined;
  /** Whether all processes that share the listeners stop as well. */
  readonly together: boolean;
  /** Whether this process decided: then `shutdownDelay` is its own to wait. */
  readonly own: boolean;
  /** Where idle connections may go instead of ending. */
  readonly handBack?: HandBackTarget | undefined;
}

/** What a shutdown works with. */
export interface ShutdownParts {
  readonly settings: Settings;
  readonly native: LoadedSystemCalls;
  readonly cookies: SynCookies;
  readonly servers: Servers;
  readonly work: Work;
  /** The servers, the work, and the cluster if there is one. */
  readonly everything: Drainable;
  readonly before: Hooks;
  readonly after: Hooks;
  readonly events: Events;
  readonly errors: string[];
  readonly note: (error: unknown) => void;
  readonly interferences: Interferences;
  readonly hold: Hold;
  readonly enter: (state: State) => void;
  readonly others: () => Pick<ShutdownReport, 'workers' | 'threads'>;
  /** Connections that came to other processes and to threads so far; undefined where they can't be seen. */
  readonly arrived: () => number | undefined;
  /** Whether something besides hooks runs after the drain: the program's own cleanup, or reports of workers. */
  readonly cleansUp: (reason: string) => boolean;
  /** Resolves when no connection is on its way to this process any more. */
  readonly handedOver: () => Promise<void>;
  /** Whether new clients can still connect: a delay is for those. */
  readonly serves: () => boolean;
  /** Called when the listeners are off the network. */
  readonly closing: (reason: string) => void;
  readonly tellProgress: (left: number) => void;
}

/** Time between two `progress` events, in milliseconds. */
const PROGRESS_MS = 1_000;

/** Milliseconds kept back to cut connections and to report, where nothing else runs then; at most a tenth of all. */
const CUT_MS = 500;

/** Part of the time left, from 0 to 1, in which connections are cut in slices: the rest is cut at once. */
const CUT_SHARE = 0.7;

/** Time for each connection besides, in milliseconds: they are cut a few in each turn of the event loop. */
const CUT_EACH_MS = 0.1;

/** Stands for the reports of workers and threads where they cannot be had. */
export const NO_OTHERS = { workers: [], threads: [] } as const;

const NO_DELAY = { min: 0, max: 0, quiet: Infinity } as const;

/**
 * The steps of a shutdown, in their order: delaying, closing, draining, cleanup, stopped.
 *
 * The promise: after the signal, every connection attempt is either refused or accepted and answered. It holds because
 * listeners leave the network before anything else ends (`listener/close.ts`), and because each connection ends as its
 * kind asks (`connections/`). Connections are cut only when no more than the hooks' time is left of `timeout`. Not
 * covered: a request that crosses the FIN of an idle connection after its grace, and what a killed process held.
 *
 * Synchronous until the listeners are off the network, unless there is something to do before. Never rejects.
 *
 * @param deadline - of everything; a later call of `shutdown()` may shorten it
 */
export async function runShutdown(
  parts: ShutdownParts,
  order: DrainOrder,
  deadline: Deadline,
): Promise<ShutdownReport> {
  const { settings, servers, work, everything, before, after, errors, note, enter, hold } = parts;
  const { reason } = order;
  let open = 0;
  const forDrain = (left: number): number => left - cleanupTime(parts, order, left, open);
  const draining = deadlineBefore(deadline, forDrain);
  const shutdownDelay = order.own && parts.serves() ? settings.shutdownDelay : NO_DELAY;
  const phases = { delaying: 0, closing: 0, draining: 0, cleanup: 0 };
  const hooks: HookReport[] = [];
  let cut: readonly CutConnection[] = [];
  let listeners: readonly ListenerReport[] = [];
  let drained = false;

  const phase = async (name: keyof typeof phases, steps: () => Promise<void>): Promise<void> => {
    const began = now();
    enter(name);
    await steps().catch(note);
    phases[name] = now() - began;
  };

  if (shutdownDelay.max > 0 || before.size() > 0) {
    await phase('delaying', async () => {
      if (order.handBack === undefined) everything.announce();
      const delay = waitDelay(shutdownDelay, servers.list(), parts.arrived);
      hooks.push(...(await before.run(reason, half(draining))));
      await draining.race(delay);
    });
  }
  const endProgress = every(PROGRESS_MS, () => parts.tellProgress(draining.left()));
  await phase('closing', async () => {
    attempt(note, () => everything.close(drainOptions(parts, order, draining, deadline)), undefined);
    // Counted after the seal, since thousands take milliseconds. Connections of workers are in their own reports.
    open = servers.counts().open;
    draining.shorten(forDrain(deadline.left()));
    attempt(note, () => parts.closing(reason), undefined);
    void whenCalm(everything, half(draining), () => drained).then(hold.calm);
    await draining.race(everything.closed());
  });
  await phase('draining', () => drain(parts, draining));
  await phase('cleanup', async () => {
    const sliced = await cutInSlices(servers, createDeadline(deadline.left() * CUT_SHARE), note);
    cut = [...sliced, ...attempt(note, everything.cut, [])];
    drained = true;
    endProgress();
    hold.drained();
    // Signal listeners of the program run now at the latest, and may track work that needs what hooks close.
    await turn();
    await draining.race(work.drained());
    hooks.push(...(await after.run(reason, deadline)));
    // A server may have begun to listen meanwhile, or a job have begun.
    await deadline.race(Promise.all([servers.drained(), work.drained()]));
    cut = [...cut, ...attempt(note, servers.cut, []), ...attempt(note, work.cut, [])];
    listeners = (await deadline.race(everything.closed())) ?? [];
  });
  enter('stopped');
  const report = createReport({
    reason,
    duration: now() - deadline.since,
    phases,
    listeners,
    hooks,
    ...attempt(note, parts.others, NO_OTHERS),
    interferences: parts.interferences.list(),
    errors,
    open,
    cut,
    totals: attempt(note, everything.totals, []),
  });
  hold.over();
  parts.interferences.tell();
  parts.events.emit('stopped', report);
  return report;
}

async function drain(parts: ShutdownParts, limit: Deadline): Promise<void> {
  const { servers, work, everything, handedOver } = parts;
  const drainServers = async (): Promise<void> => {
    await limit.race(servers.drained());
    await limit.race(handedOver());
    await limit.race(servers.drained());
    // Tracked work may wait for the close of a server.
    if (!limit.expired()) servers.guard.answer();
  };
  await Promise.all([limit.race(everything.drained()), drainServers()]);
  // The last requests may have begun work after the first look at it.
  await limit.race(work.drained());
}

const half = (of: Deadline): Deadline => deadlineBefore(of, (left) => left / 2);

/** Time after the drain. A worker needs some only if it has hooks: the primary keeps its own. */
function cleanupTime(
  { settings, after, cleansUp }: ShutdownParts,
  order: DrainOrder,
  left: number,
  open: number,
): number {
  const { cleanupTimeout } = settings;
  const hooks = after.size() > 0;
  if (!order.own) return hooks ? Math.min(cleanupTimeout, left / 2) : 0;
  if (!hooks && !cleansUp(order.reason)) {
    const cut = Math.min(CUT_MS, left / 10) + open * CUT_EACH_MS;
    return Math.min(cleanupTimeout, cut, left / 2);
  }
  return order.timeout === undefined ? cleanupTimeout : Math.min(cleanupTimeout, left / 2);
}

/** Cuts what is left of the connections a bounded time in each turn, so that what runs beside is not held up. */
async function cutInSlices(
  servers: Servers,
  limit: Deadline,
  note: (error: unknown) => void,
): Promise<CutConnection[]> {
  const all: CutConnection[] = [];
  while (!limit.expired()) {
    const end = now() + SLICE_MS;
    const cut = attempt(note, () => servers.cut(() => now() > end), []);
    if (cut.length === 0) break;
    all.push(...cut);
    await turn();
  }
  return all;
}

function drainOptions(
  { settings, native, cookies, note }: ShutdownParts,
  { reason, together, handBack }: DrainOrder,
  draining: Deadline,
  deadline: Deadline,
): Parameters<Drainable['close']>[0] {
  return {
    reason,
    together,
    native,
    cookies: cookies.inUse(),
    seal: settings.seal,
    failed: note,
    keepAliveGrace: settings.keepAliveGrace,
    handshakeTimeout: settings.handshakeTimeout,
    left: draining.left,
    expired: draining.expired,
    onShortened: draining.onShortened,
    leftOfAll: deadline.left,
    ownDrained: () => Promise.all(runningStops().map(async ({ drained }) => drained?.())),
    unread: (socket) => hasUnread(socket, native.calls),
    sendsFin: native.calls !== undefined,
    sendFin: (socket) => sendFin(socket, native.calls),
    handBack,
  };
}
