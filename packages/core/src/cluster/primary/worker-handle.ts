import type { Worker } from 'node:cluster';
import { now, turn } from '../../clock.ts';
import type { ShutdownReport, ConnectionCounts } from '../../api/report.ts';
import { dismiss } from './dismiss.ts';
import type { Member } from './member.ts';
import { describeOutcome } from './outcome.ts';
import { isSignal } from '../shapes.ts';
import { onInternalMessage, sendOver } from '../../node-internals/ipc.ts';
import {
  unwrapFromWorker,
  wrap,
  type Given,
  type Packing,
  type PrimaryMessage,
  type WorkerMessage,
} from '../protocol.ts';

interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** Longest wait in milliseconds, after a worker's exit, for the end of its channel, which a grandchild may hold. */
const CHANNEL_END_MS = 200;

/** How long a worker that has neither a listener nor said anything counts as starting, in milliseconds. */
const STARTING_MS = 30_000;

export interface MemberEvents {
  /** Called when a signal reached the worker. */
  readonly onSignal: (member: Member, signal: NodeJS.Signals) => void;
  /** Called with an idle connection that the worker gives back; returns whether it will be dealt to another one. */
  readonly onGiven: (message: Given, handle: unknown) => boolean;
}

export function createMember(worker: Worker, { onSignal, onGiven }: MemberEvents): Member {
  let joined = false;
  let packing: Packing = 'internal';
  let listening = false;
  let willing = true;
  let announced = false;
  /** Whether the application in the worker has said something, or has a handler for signals: it is up, and at work. */
  let spoke = false;
  let handles = false;
  let dismissal: ReturnType<typeof dismiss> | undefined;
  const born = now();
  let order: Extract<PrimaryMessage, { type: 'drain' }> | undefined;
  let cleaning = false;
  let named = false;
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
  const atWork = (): boolean => serving() || spoke || handles || now() - born > STARTING_MS;
  const checkReady = (): void => {
    if (listening && willing) becomeReady();
  };

  /** A worker that is gone, or going, needs no message. */
  const tell = (message: PrimaryMessage): void => {
    sendOver(worker.process, wrap(message, packing));
  };

  const dismissIt = (reason: string): void => {
    const signal = isSignal(reason) ? reason : 'SIGTERM';
    const ask = (): void => tell({ type: 'ask-handlers', signal });
    dismissal = dismiss(worker, signal, { disconnect, ask });
  };

  const hear = (message: WorkerMessage, handle: unknown): void => {
    switch (message.type) {
      case 'hello':
        joined = true;
        dismissal?.cancel();
        tell({ type: 'welcome' });
        if (announced) tell({ type: 'announce' });
        if (order !== undefined) tell(order);
        break;
      case 'goodbye':
        joined = false;
        // The order to drain was on its way.
        if (order !== undefined && report === undefined) dismissIt(order.reason);
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
      case 'handlers':
        handles ||= message.count > 0;
        dismissal?.answer(message.count > 0);
        break;
      case 'progress':
        ({ counts, waiting } = message);
        break;
      case 'give':
        tell({ type: 'given', id: message.id, taken: onGiven(message, handle) });
        break;
      case 'cleanup':
        cleaning = true;
        break;
      case 'report':
        ({ report } = message);
        break;
    }
  };
  const hearAs = (spoken: Packing, message: unknown, handle?: unknown): void => {
    const received = unwrapFromWorker(message, spoken);
    if (received === undefined) return;
    packing = spoken;
    hear(received, handle);
  };
  const onPlainMessage = (message: unknown): void => {
    spoke = true;
    hearAs('plain', message);
  };
  worker.on('message', onPlainMessage);
  const stops = [
    onInternalMessage(worker.process, (message, handle) => hearAs('internal', message, handle)),
    () => worker.off('message', onPlainMessage),
  ];
  worker.on('listening', () => {
    listening = true;
    checkReady();
  });
  const exited = new Promise<void>((resolve) => {
    const leave = async (code: number | null, signal: string | null): Promise<void> => {
      exit = { code, signal };
      for (const end = now() + CHANNEL_END_MS; worker.isConnected() && now() < end;) await turn();
      // What was read in the last turn is delivered in the next tick.
      await turn();
      resolve();
    };
    worker.once('exit', (code: number | null, signal: string | null) => void leave(code, signal));
    // A write to a worker that is dying is no error, but without a listener it would be an uncaught exception.
    worker.on('error', () => {
      // A worker that could not be started emits no `exit`.
      if (worker.process.pid === undefined && exit === undefined) void leave(null, null);
    });
  });

  // A worker from before the primary supervised said hello too early: a welcome makes it report its state.
  tell({ type: 'welcome' });

  const member: Member = {
    worker,
    name: `worker ${worker.id} (pid ${worker.process.pid})`,
    ready,
    exited,
    gone: () => exit !== undefined,
    killed: () => killed,
    serving,
    cleaning: () => cleaning,
    reported: () => report !== undefined,
    fate: () => {
      if (exit === undefined) return 'is alive';
      return exit.signal === null ? `exited with code ${exit.code}` : `was killed by ${exit.signal}`;
    },
    counts: () => counts,
    waiting: () => waiting,
    announce: () => {
      announced = true;
      // Programs call `cluster.disconnect()` on a signal. Done now, it would reset what no worker has been handed yet.
      worker.disconnect = () => worker;
      tell({ type: 'announce' });
    },
    close: () => {
      // Node ignores requests to listen from such a worker. Otherwise it would answer with the address that was just
      // closed, which ends the worker with EADDRINUSE, or listen there again.
      worker.exitedAfterDisconnect = true;
    },
    drain: ({ reason, timeout, together, dismissed, handBack = false }) => {
      if (order !== undefined && timeout >= order.timeout) return;
      const first = order === undefined;
      order = { type: 'drain', reason, timeout, together, handBack };
      // Programs that respawn tell by this flag a worker that was sent away from a crash. A signal from outside does
      // not set it in plain Node either: the respawn keeps the number of workers.
      if (dismissed) worker.exitedAfterDisconnect = true;
      if (joined) tell(order);
      else if (first) dismissIt(reason);
    },
    leaving: () => order !== undefined,
    cut: () => {
      named = true;
      member.kill();
      return {
        kind: 'worker',
        name: `${member.name}: ${waiting.join('; ') || 'it did not say what it was doing'}`,
        requests: counts.inFlight,
        lost: atWork(),
      };
    },
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
        atWork: atWork(),
        reported: report !== undefined,
        counts,
      });
      const lost = report === undefined && !named ? counts.inFlight : 0;
      return {
        id: worker.id,
        pid: worker.process.pid ?? 0,
        outcome,
        code,
        signal,
        lost,
        report: report ?? null,
      };
    },
    release: () => {
      for (const stop of stops) stop();
      tell({ type: 'farewell' });
    },
  };
  return member;
}
