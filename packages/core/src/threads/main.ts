import type { ThreadReport } from '../api/report.ts';
import { isReport } from '../cluster/shapes.ts';
import { now, sleep } from '../clock.ts';
import { totalsOf } from '../drain/connections.ts';
import type { Drainable, DrainOptions } from '../drain/drainable.ts';
import type { Role } from '../shutdown/role.ts';
import { onThreadExit, openChannel, type ThreadMessage } from './channel.ts';

/** Milliseconds between a thread's deadline and the cut by the main thread; at most a tenth of the time left. */
const MARGIN_MS = 200;

/** How long a thread may take to end when it has drained, in milliseconds: its own cleanup may be behind that. */
const END_MS = 1_000;

/** Time between two looks whether it has ended, in milliseconds. */
const LOOK_MS = 10;

const NO_COUNTS = { open: 0, inFlight: 0, idle: 0 };

const NEW = { report: null, over: false, ended: false };

interface Thread {
  report: ThreadReport['report'];
  /** Whether it has reported, or has ended. */
  over: boolean;
  ended: boolean;
}

/** The coordinators of worker threads, seen from the main thread: Node delivers signals to that alone. */
interface Threads extends Drainable {
  readonly known: () => number;
  readonly reports: () => readonly ThreadReport[];
  /** Resolves when those that have drained have ended too, or have had `END_MS` for it. */
  readonly ended: () => Promise<void>;
}

/** A process whose worker threads are drained with it. */
export function withThreads(role: Role): Role {
  const threads = createThreads();
  return {
    ...role,
    others: [...role.others, threads],
    serves: () => role.serves() || threads.known() > 0,
    arrived: () => (threads.known() > 0 ? undefined : role.arrived()),
    threads: threads.reports,
    finished: async (report) => {
      await role.finished(report);
      await threads.ended();
    },
  };
}

function createThreads(): Threads {
  const threads = new Map<number, Thread>();
  let draining: DrainOptions | undefined;
  const waiting: (() => void)[] = [];
  let released = false;

  const open = (): [number, Thread][] => [...threads].filter(([, { over }]) => !over);

  function checkEnd(): void {
    if (open().length > 0) return;
    for (const resolve of waiting.splice(0)) resolve();
    if (released) close();
  }

  function end(id: number, report: unknown, ended = true): void {
    const thread = threads.get(id);
    if (thread === undefined) return;
    thread.over = true;
    thread.ended ||= ended;
    if (isReport(report)) thread.report ??= report;
    // Of a thread that ended while the process serves there is nothing to report.
    if (draining === undefined) threads.delete(id);
    checkEnd();
  }

  function drain(): void {
    if (draining === undefined) return;
    const left = draining.left();
    const timeout = Math.max(0, left - Math.min(MARGIN_MS, left / 10));
    channel.post({ type: 'drain', reason: draining.reason, timeout });
  }

  function hear(message: ThreadMessage): void {
    if (message.type === 'report') end(message.thread, message.report, false);
    if (message.type === 'gone') end(message.thread, null);
    if (message.type !== 'hello') return;
    if (!threads.has(message.thread)) threads.set(message.thread, { ...NEW });
    channel.post({ type: 'welcome', thread: message.thread });
    drain();
  }

  const channel = openChannel(hear);
  channel.post({ type: 'roll call' });
  const stopListening = onThreadExit((id) => end(id, null));

  function close(): void {
    stopListening();
    channel.close();
  }

  return {
    known: () => threads.size,
    ended: () => allEnded(threads.values()),
    reports: () => [...threads].toSorted(([a], [b]) => a - b).map(reportOf),
    counts: () => NO_COUNTS,
    // A signal listener of the program may terminate its threads.
    unsettled: () => (draining === undefined ? 0 : open().length),
    waiting: (limit) => open().slice(0, limit).map(nameOf),
    announce: () => {},
    close: (options) => {
      draining = options;
      drain();
      options.onShortened(drain);
    },
    closed: () => Promise.resolve([]),
    drained: () =>
      new Promise<void>((resolve) => {
        waiting.push(resolve);
        checkEnd();
      }),
    cut: () => open().map((each) => ({ kind: 'worker', name: nameOf(each), requests: 0, lost: true })),
    totals: () => [...threads.values()].map(({ report }) => totalsOf(report, NO_COUNTS)),
    release: () => {
      released = true;
      // Threads that drain are heard to their end: the shutdown goes on, and waits for them.
      if (draining === undefined || open().length === 0) close();
    },
  };
}

function nameOf([thread]: [number, Thread]): string {
  return `thread ${thread}`;
}

async function allEnded(threads: Iterable<Thread>): Promise<void> {
  const open = [...threads];
  const until = now() + END_MS;
  while (now() < until && open.some(({ over, ended }) => over && !ended)) await sleep(LOOK_MS);
}

function reportOf([thread, { report, over }]: [number, Thread]): ThreadReport {
  if (report !== null) return { thread, outcome: 'drained', report };
  return { thread, outcome: over ? 'left' : 'killed', report };
}
