import type { Worker } from 'node:cluster';
import { now, turn } from '../../clock.ts';
import type { ShutdownReport, WorkerReport, ConnectionCounts } from '../../api/report.ts';
import { onInternalMessage } from '../../node-internals/ipc.ts';
import {
  unwrapFromWorker,
  wrap,
  type Packing,
  type PrimaryMessage,
  type WorkerMessage,
} from '../protocol.ts';

/** One worker of the cluster, seen from the primary. */
export interface Member {
  readonly worker: Worker;
  /** `worker 3 (pid 4711)` */
  readonly name: string;
  /** Resolves when it listens, and its coordinator is not told to wait by `setReady(false)`. */
  readonly ready: Promise<void>;
  /** Resolves when it is gone, and all it said has been read. */
  readonly exited: Promise<void>;
  readonly gone: () => boolean;
  readonly killed: () => boolean;
  /** Whether it has ever had a coordinator or a listener: before that it holds nothing that could be lost. */
  readonly serving: () => boolean;
  /** Whether its drain is over, and its report here: all that is left to it is to exit. */
  readonly reported: () => boolean;
  /** `exited with code 1`, `was killed by SIGKILL` */
  readonly fate: () => string;
  readonly counts: () => ConnectionCounts;
  readonly waiting: () => readonly string[];
  /** Tells it that a shutdown began: responses say `Connection: close`, servers stay open. */
  readonly announce: () => void;
  /** The listeners close: one that it asks for from now on it does not get. */
  readonly close: () => void;
  /** Tells it to close and drain. Node alone closes one without a coordinator. */
  readonly drain: (order: MemberOrder) => void;
  /** Whether it was told to drain. */
  readonly leaving: () => boolean;
  readonly kill: () => void;
  readonly report: () => WorkerReport;
  /** Leaves it to itself: from now on a signal to it is its own. */
  readonly release: () => void;
}

export interface MemberOrder {
  readonly reason: string;
  /** Milliseconds. */
  readonly timeout: number;
  /** Whether the whole cluster stops. */
  readonly together: boolean;
  /** Whether the supervisor sends it away, and not a signal from outside. */
  readonly dismissed: boolean;
}

interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** Longest wait in milliseconds, after a worker's exit, for the end of its channel, which a grandchild may hold. */
const CHANNEL_END = 200;

/** @param onSignal - called when a signal reached the worker */
export function createMember(
  worker: Worker,
  onSignal: (member: Member, signal: NodeJS.Signals) => void,
): Member {
  let joined = false;
  let packing: Packing = 'internal';
  let listening = false;
  let willing = true;
  let announced = false;
  let order: PrimaryMessage | undefined;
  let killed = false;
  let exit: Exit | undefined;
  let report: ShutdownReport | undefined;
  let counts: ConnectionCounts = { open: 0, inFlight: 0, idle: 0 };
  let waiting: readonly string[] = [];
  let becomeReady: () => void;
  const ready = new Promise<void>((resolve) => {
    becomeReady = resolve;
  });
  const disconnect = worker.disconnect.bind(worker);
  const serving = (): boolean => joined || listening;
  const checkReady = (): void => {
    if (listening && willing) becomeReady();
  };

  /** A worker that is gone, or going, needs no message. */
  const tell = (message: PrimaryMessage): void => {
    if (worker.isConnected()) worker.process.send(wrap(message, packing), () => {});
  };

  const hear = (message: WorkerMessage): void => {
    switch (message.type) {
      case 'hello':
        joined = true;
        tell({ type: 'welcome' });
        if (announced) tell({ type: 'announce' });
        if (order !== undefined) tell(order);
        break;
      case 'ready':
        joined = true;
        willing = message.ready;
        listening ||= message.listening;
        checkReady();
        break;
      case 'signal':
        onSignal(member, message.signal);
        break;
      case 'progress':
        ({ counts, waiting } = message);
        break;
      case 'report':
        ({ report } = message);
        break;
    }
  };
  const hearAs = (spoken: Packing, message: unknown): void => {
    const received = unwrapFromWorker(message, spoken);
    if (received === undefined) return;
    packing = spoken;
    hear(received);
  };
  const onPlainMessage = (message: unknown): void => hearAs('plain', message);
  worker.on('message', onPlainMessage);
  const stops = [
    onInternalMessage(worker.process, (message) => hearAs('internal', message)),
    () => worker.off('message', onPlainMessage),
  ];
  worker.on('listening', () => {
    listening = true;
    checkReady();
  });
  const exited = new Promise<void>((resolve) => {
    const leave = async (code: number | null, signal: string | null): Promise<void> => {
      exit = { code, signal };
      for (const end = now() + CHANNEL_END; worker.isConnected() && now() < end;) await turn();
      // What was read in the last turn is delivered in the next tick.
      await turn();
      resolve();
    };
    worker.once('exit', (code: number | null, signal: string | null) => void leave(code, signal));
    // A write to a worker that is dying is no error, but without a listener it would be an uncaught exception.
    worker.on('error', () => {
      // One that could not even be started has no exit.
      if (worker.process.pid === undefined && exit === undefined) void leave(null, null);
    });
  });

  // A worker from before the primary supervised has said hello to nobody: this makes it say more.
  tell({ type: 'welcome' });

  const member: Member = {
    worker,
    name: `worker ${worker.id} (pid ${worker.process.pid})`,
    ready,
    exited,
    gone: () => exit !== undefined,
    killed: () => killed,
    serving,
    reported: () => report !== undefined,
    fate: () => {
      if (exit === undefined) return 'is alive';
      return exit.signal === null ? `exited with code ${exit.code}` : `was killed by ${exit.signal}`;
    },
    counts: () => counts,
    waiting: () => waiting,
    announce: () => {
      announced = true;
      // Programs call `cluster.disconnect()` on a signal: at once, it resets what no worker has been handed yet.
      worker.disconnect = () => worker;
      tell({ type: 'announce' });
    },
    close: () => {
      // Node answers no such question of a worker that was sent away. Any other one it would tell of an address that
      // it has just closed, which ends the worker with EADDRINUSE, or it would open it again.
      worker.exitedAfterDisconnect = true;
    },
    drain: ({ reason, timeout, together, dismissed }) => {
      if (order !== undefined) return;
      order = { type: 'drain', reason, timeout, together };
      // Programs that respawn look at this, to know who crashed from who was sent away. A signal from outside does not
      // set it in plain Node either: what they do then keeps the number of workers.
      if (dismissed) worker.exitedAfterDisconnect = true;
      if (joined) tell(order);
      else if (worker.isConnected()) disconnect();
    },
    leaving: () => order !== undefined,
    kill: () => {
      killed ||= exit === undefined;
      worker.process.kill('SIGKILL');
    },
    report: () => {
      const { code, signal } = exit ?? { code: null, signal: null };
      const outcome = describeOutcome({
        code,
        signal,
        killed,
        serving: serving(),
        reported: report !== undefined,
        counts,
      });
      return { id: worker.id, pid: worker.process.pid ?? 0, outcome, code, signal, report: report ?? null };
    },
    release: () => {
      for (const stop of stops) stop();
      tell({ type: 'farewell' });
    },
  };
  return member;
}

function describeOutcome(end: {
  readonly code: number | null;
  readonly signal: string | null;
  readonly killed: boolean;
  readonly serving: boolean;
  readonly reported: boolean;
  readonly counts: ConnectionCounts;
}): WorkerReport['outcome'] {
  if (end.reported) return 'drained';
  if (end.killed) return end.serving ? 'killed' : 'left';
  // The last thing it said, in its `exit` event.
  if (end.counts.inFlight > 0) return 'died';
  // The signal may have reached every process of the group: one that had left by then has done what was asked.
  return end.code === 0 || end.signal === 'SIGTERM' || end.signal === 'SIGINT' ? 'left' : 'died';
}
