import type { Worker } from 'node:cluster';
import type { ShutdownReport } from '../../api/report.ts';
import { clearInterval, now, setImmediate, setInterval, setTimeout } from '../../clock.ts';
import { guardOutput, ignoreBrokenPipe } from '../../process/broken-pipes.ts';
import { leaveEndToProgram } from '../../process/exit.ts';
import { alone, type CoordinatorControls, type Role } from '../../shutdown/role.ts';
import { addReporter, progressOfAll, reportOfAll } from '../../shutdown/joint-report.ts';
import { createReadiness } from '../../shutdown/readiness.ts';
import { holdDisconnect, letDisconnect } from './held-disconnect.ts';
import { createHandBackLink } from './hand-back.ts';
import { keepIdle } from './kept.ts';
import { findPm2 } from './pm2.ts';
import { createStandaloneRole } from './standalone.ts';
import { whenHandedOver } from './hand-overs.ts';
import { onDisconnectOrder, onInternalMessage, sendOver } from '../../node-internals/ipc.ts';
import {
  unwrapFromPrimary,
  wrap,
  type Packing,
  type PrimaryMessage,
  type WorkerMessage,
} from '../protocol.ts';
import { thisWorker } from '../../process/node-cluster.ts';

/** Time between two progress messages of a draining worker, in milliseconds. */
const PROGRESS_MS = 500;

/** Longest wait for the report to be written, in milliseconds. */
const FLUSH_MS = 200;

/** How long a worker counts as starting once it has a coordinator, in milliseconds. */
const STARTING_MS = 1_000;

/** The role that this process was started in, unless it supervises a cluster. */
export function findRole(): Role {
  const worker = thisWorker();
  return worker === undefined ? createStandaloneRole() : createWorkerRole(worker);
}

function createWorkerRole(worker: Worker): Role {
  let welcome = false;
  let beWelcome = (): void => {};
  const welcomed = new Promise<void>((resolve) => {
    beWelcome = resolve;
  });
  let packing: Packing = 'internal';
  let reported = false;
  let timer: NodeJS.Timeout | undefined;
  let disposed = false;
  let controls: CoordinatorControls | undefined;

  const tell = (message: WorkerMessage): Promise<void> =>
    new Promise((resolve) => {
      sendOver(process, wrap(message, packing), () => resolve());
    });

  const handBack = createHandBackLink((message, handle, done) => {
    sendOver(process, wrap(message, packing), done, handle);
  });

  const pm2 = findPm2();
  const readiness = createReadiness(() => {
    tellReady();
    pm2?.tellReady(readiness);
  });
  const tellReady = (): void => {
    // After the goodbye, the servers of the program are no sign of a coordinator.
    if (!disposed) void tell({ type: 'ready', ready: readiness.willing(), listening: readiness.listening() });
  };

  const finished = async (own: ShutdownReport): Promise<void> => {
    clearInterval(timer);
    const report = controls === undefined ? own : reportOfAll(controls, own);
    // Another coordinator of this process is not done, and reports for both.
    if (report === undefined) return;
    reported = true;
    await Promise.race([
      tell({ type: 'report', report }),
      new Promise((resolve) => setTimeout(resolve, FLUSH_MS).unref()),
    ]);
    letDisconnect();
    // The channel is the last thing that holds the loop.
    process.channel?.unref();
  };

  return {
    ...alone,
    needsServer: false,
    forward: (signal) => {
      if (!welcome || !process.connected) return false;
      void tell({ type: 'signal', signal });
      return true;
    },
    // The primary knows of most listeners, but not of one that is the worker's own (`exclusive`, `reusePort`).
    ...readiness.role,
    attached: (server) => {
      readiness.role.attached(server);
      handBack.attached(server);
    },
    // A primary that supervises (`welcome`) orders a drain only when its workers have taken every connection.
    handedOver: async () => {
      // A primary that has disconnected this worker sends it nothing more, and answers nothing.
      if (welcome || !process.connected || worker.exitedAfterDisconnect) return;
      await Promise.race([welcomed, whenHandedOver()]);
    },
    finished,
    join,
  };

  function tellProgress(): void {
    void tell({ type: 'progress', ...progressOfAll() });
  }

  function obey(core: CoordinatorControls, message: PrimaryMessage): void {
    switch (message.type) {
      case 'welcome':
        welcome = true;
        beWelcome();
        tellReady();
        break;
      case 'farewell':
        welcome = false;
        break;
      case 'announce':
        core.announce();
        break;
      case 'ask-handlers':
        break;
      case 'given':
        handBack.answered(message.id, message.taken ? 'taken' : 'returned');
        break;
      case 'drain': {
        const { reason, timeout, together } = message;
        holdDisconnect();
        timer ??= setInterval(tellProgress, PROGRESS_MS).unref();
        core.drain({
          reason,
          timeout,
          together,
          handBack: message.handBack ? handBack.target : undefined,
        });
        break;
      }
    }
  }

  function join(core: CoordinatorControls): void {
    controls = core;
    const leaveReporters = addReporter(core);
    const leave = (reason: string, together: boolean): void => {
      core.drain({ reason, timeout: undefined, together });
    };
    const made = now();
    /**
     * In plain Node a worker that was disconnected ends when its loop is empty: it may have a job to finish. Not one that
     * was sent away while it started, and has a timer that nothing ends.
     */
    const dismissed = (): void => {
      if (now() - made > STARTING_MS) leaveEndToProgram();
      leave('the primary disconnected', false);
    };
    const onDisconnect = (): void => {
      handBack.disconnected();
      if (worker.exitedAfterDisconnect) {
        dismissed();
        return;
      }
      // Otherwise Node exits the worker in the next listener, whatever it is serving (nodejs/node#27679).
      worker.exitedAfterDisconnect = true;
      leave('the primary died', true);
    };
    // A worker that leaves before its drain is over takes its requests with it: say how many.
    const onExit = (): void => {
      if (!reported) tellProgress();
    };
    const unhear = onInternalMessage(process, (message, handle) => {
      const { cmd, moved } = (message ?? {}) as { readonly cmd?: unknown; readonly moved?: unknown };
      if (cmd === 'NODE_HANDLE_NACK') handBack.notReceived();
      // Node's message with a connection, to which the primary has added how long it has been idle.
      if (typeof moved === 'number') keepIdle(handle, moved, () => core.coordinator.state === 'running');
      const received = unwrapFromPrimary(message, 'internal');
      if (received !== undefined) obey(core, received);
    });
    // A primary of version 1 speaks in ordinary messages, and announces its shutdown even to a worker that said no
    // hello.
    const onPlainMessage = (message: unknown): void => {
      const received = unwrapFromPrimary(message, 'plain');
      if (received === undefined) return;
      const first = packing !== 'plain';
      packing = 'plain';
      if (first) void tell({ type: 'hello' });
      obey(core, received);
    };
    worker.on('message', onPlainMessage);
    process.on('exit', onExit);
    worker.on('disconnect', onDisconnect);
    pm2?.join(core);
    // Node's cluster acknowledges connections over the channel, and emits the error on `cluster.worker`, also where the
    // primary has died. Output that the primary reads is broken from its death on. And Node's own close of the servers, at
    // a disconnect, waits for the drain, as the program's would.
    const unguard = [ignoreBrokenPipe(worker), guardOutput(), onDisconnectOrder(dismissed)];
    core.onDispose(() => {
      disposed = true;
      const last = leaveReporters();
      if (last) letDisconnect();
      if (last && core.coordinator.state === 'running') void tell({ type: 'goodbye' });
      unhear();
      worker.off('message', onPlainMessage);
      process.off('exit', onExit);
      worker.off('disconnect', onDisconnect);
      for (const stop of unguard) stop();
    });
    core.coordinator.on('state', ({ state }) => {
      if (state !== 'cleanup') return;
      // Tells what is about to be cut: all that is known of a worker that is killed before its report is done.
      tellProgress();
      void tell({ type: 'cleanup' });
    });
    if (process.connected) void tell({ type: 'hello' });
    // The primary disconnected this worker before it got this far.
    else setImmediate(dismissed);
  }
}
