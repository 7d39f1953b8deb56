import cluster, { type Worker } from 'node:cluster';
import type { ConnectionCounts, ConnectionTotals, CutConnection } from '../connections/connections.ts';
import { sumCounts, type Drainable, type DrainOptions } from '../drainable.ts';
import { closeListener, type ListenerReport } from '../listener/close.ts';
import type { ShutdownReport, WorkerReport } from '../report.ts';
import { open, seal, type PrimaryMessage, type WorkerMessage } from './protocol.ts';
import type { RoundRobin } from './round-robin.ts';

/** The workers of a cluster, seen from the primary. */
export interface Members extends Drainable {
  readonly list: () => readonly Member[];
  /** One entry for each worker that was alive when the shutdown began. */
  readonly reports: () => readonly WorkerReport[];
}

export interface Member {
  readonly worker: Worker;
  /** Whether it has a coordinator; Node alone closes the others, by `disconnect`. */
  readonly joined: () => boolean;
  /** Resolves when it listens, and its coordinator is not told to wait by `setReady(false)`. */
  readonly ready: Promise<void>;
  readonly exited: Promise<void>;
  readonly gone: () => boolean;
  /** Tells it to close and drain within `timeout` milliseconds. */
  readonly drain: (reason: string, timeout: number, together: boolean) => void;
  readonly kill: () => void;
}

interface Entry extends Member {
  readonly counts: () => ConnectionCounts;
  readonly waiting: () => readonly string[];
  readonly report: () => WorkerReport;
  readonly announce: () => void;
}

/** Milliseconds by which a worker's deadline comes before the primary's. */
const MARGIN = 500;

const NOTHING: ConnectionCounts = { open: 0, inFlight: 0, idle: 0 };

/** @param onSignal - called when a signal reached a worker */
export function watchMembers(roundRobin: RoundRobin, onSignal: (signal: NodeJS.Signals) => void): Members {
  const entries = new Map<Worker, Entry>();
  let listeners: Promise<ListenerReport>[] = [];
  let draining: DrainOptions | undefined;
  let witnesses: readonly Entry[] = [];

  function add(worker: Worker): void {
    if (entries.has(worker)) return;
    roundRobin.follow(worker);
    const entry = createEntry(worker, onSignal);
    entries.set(worker, entry);
    void entry.exited.then(() => entries.delete(worker));
    // Born after the end began, of a respawn that does not know of it: it has served nothing yet.
    if (draining !== undefined) entry.kill();
  }

  const all = (): readonly Entry[] => [...entries.values()];

  for (const worker of Object.values(cluster.workers ?? {})) if (worker !== undefined) add(worker);
  cluster.on('fork', add);

  const members: Members = {
    list: all,
    reports: () => witnesses.map((entry) => entry.report()),
    counts: () => sumCounts(all().map((entry) => entry.counts())),
    waiting: (limit) =>
      all()
        .flatMap((entry) => entry.waiting())
        .slice(0, limit),
    announce: () => {
      for (const entry of all()) entry.announce();
    },
    close: (options) => {
      draining = options;
      witnesses = all();
      listeners = roundRobin.sockets().map((socket) => closeListener(socket, { ...options, together: true }));
      members.announce();
    },
    closed: async () => {
      const reports = await Promise.all(listeners);
      await roundRobin.handedOver(() => draining?.expired() ?? true);
      return reports;
    },
    drained: async () => {
      await members.closed();
      for (const entry of all()) {
        entry.drain(draining?.reason ?? '', Math.max(0, (draining?.left() ?? 0) - MARGIN), true);
      }
      await Promise.all(all().map(({ exited }) => exited));
    },
    cut: () =>
      all().map((entry): CutConnection => {
        const { process: child, id } = entry.worker;
        const waiting = entry.waiting().join('; ') || 'it did not say what it was doing';
        entry.kill();
        return { kind: 'worker', name: `worker ${id} (pid ${child.pid}): ${waiting}`, lost: true };
      }),
    totals: () => witnesses.map((entry) => totalsOf(entry.report().report)),
    release: () => {
      cluster.off('fork', add);
      roundRobin.stop();
    },
  };
  return members;
}

function createEntry(worker: Worker, onSignal: (signal: NodeJS.Signals) => void): Entry {
  let joined = false;
  let listening = false;
  let willing = true;
  let told = false;
  let killed = false;
  let exit: { readonly code: number | null; readonly signal: string | null } | undefined;
  let report: ShutdownReport | undefined;
  let progress: { readonly counts: ConnectionCounts; readonly waiting: readonly string[] } | undefined;
  let becomeReady: () => void;
  const ready = new Promise<void>((resolve) => {
    becomeReady = resolve;
  });
  const checkReady = (): void => {
    if (listening && willing) becomeReady();
  };

  /** A worker that is gone, or going, needs no message. */
  const tell = (message: PrimaryMessage): void => {
    if (worker.isConnected()) worker.process.send(seal(message), () => {});
  };

  worker.on('message', (message: unknown) => {
    const received = open<WorkerMessage>(message);
    switch (received?.type) {
      case 'hello':
        joined = true;
        tell({ type: 'welcome' });
        break;
      case 'ready':
        willing = received.ready ?? true;
        checkReady();
        break;
      case 'signal':
        if (received.signal !== undefined) onSignal(received.signal);
        break;
      case 'progress':
        progress = { counts: received.counts ?? NOTHING, waiting: received.waiting ?? [] };
        break;
      case 'report':
        report = received.report;
        break;
      case undefined:
        break;
    }
  });
  worker.on('listening', () => {
    listening = true;
    checkReady();
  });
  // Without a listener, a write to a worker that is dying would be an uncaught exception in the primary.
  worker.process.on('error', () => {});
  const exited = new Promise<void>((resolve) => {
    worker.once('exit', (code: number | null, signal: string | null) => {
      exit = { code, signal };
      resolve();
    });
  });

  return {
    worker,
    ready,
    exited,
    joined: () => joined,
    gone: () => exit !== undefined,
    counts: () => progress?.counts ?? NOTHING,
    waiting: () => progress?.waiting ?? [],
    announce: () => tell({ type: 'announce' }),
    drain: (reason, timeout, together) => {
      told = true;
      if (joined) tell({ type: 'drain', reason, timeout, together });
      else if (worker.isConnected()) worker.disconnect();
    },
    kill: () => {
      killed = exit === undefined;
      worker.process.kill('SIGKILL');
    },
    report: () => {
      const { code, signal } = exit ?? { code: null, signal: null };
      const outcome = describeExit({ killed, told, code, signal, reported: report !== undefined });
      return { id: worker.id, pid: worker.process.pid ?? 0, outcome, code, signal, report: report ?? null };
    },
  };
}

function describeExit(exit: {
  readonly killed: boolean;
  readonly told: boolean;
  readonly reported: boolean;
  readonly code: number | null;
  readonly signal: string | null;
}): WorkerReport['outcome'] {
  if (exit.killed) return 'killed';
  if (exit.reported) return 'drained';
  // The signal may have reached every process of the group: one that had left by then has done what was asked.
  if (exit.code === 0 || exit.signal === 'SIGTERM' || exit.signal === 'SIGINT') return 'left';
  return 'died';
}

function totalsOf(report: ShutdownReport | null): ConnectionTotals {
  const { connections, requests } = report ?? {};
  return {
    inFlight: requests?.inFlight ?? 0,
    served: requests?.served ?? 0,
    answered: connections?.answered ?? 0,
    idle: connections?.idle ?? 0,
    gone: connections?.gone ?? 0,
  };
}
