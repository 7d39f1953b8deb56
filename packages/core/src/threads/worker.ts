import { warn } from '../api/errors.ts';
import { clearTimeout, setImmediate, setTimeout, sleep } from '../clock.ts';
import { addReporter, reportOfAll } from '../shutdown/joint-report.ts';
import { alone, type CoordinatorControls, type Role } from '../shutdown/role.ts';
import { onThreadExit, openChannel, ownThreads } from './channel.ts';

/** How long a coordinator of the main thread may take to answer, in milliseconds. */
const ANSWER_MS = 200;

/** How often a drained thread looks for threads of its own that still drain, in milliseconds. */
const LOOK_MS = 10;

/**
 * A coordinator in a worker thread gets no signal: Node delivers signals to the main thread alone, whose coordinator
 * orders this one to drain. When it has, the thread exits, after the threads that it has made: Node ends those with it.
 */
export function createThreadRole(): Role {
  const thread = process.getBuiltinModule('node:worker_threads').threadId;
  let channel: ReturnType<typeof openChannel> | undefined;
  let controls: CoordinatorControls | undefined;
  /** Threads made by this one that have a coordinator. */
  const own = new Set<number>();
  return {
    ...alone,
    needsServer: false,
    finished: async (done) => {
      const report = controls === undefined ? done : reportOfAll(controls, done);
      // Undefined where another coordinator of this thread is not done: that one reports for both.
      if (report !== undefined) channel?.post({ type: 'report', thread, report });
      while (own.size > 0) await sleep(LOOK_MS);
    },
    join: (core) => {
      controls = core;
      const leaveReporters = addReporter(core);
      let isAlone = true;
      const warnIfAlone = (): void => {
        if (!isAlone) return;
        warn(
          'WARN_GRACEFUL_WORKER_THREAD',
          'a coordinator in a worker thread hears no signal, and none in the main thread has answered: make one there too',
        );
      };
      // An answer that came while this thread was busy is read after its timers.
      const timer = setTimeout(() => setImmediate(warnIfAlone), ANSWER_MS).unref();
      const { post, close } = openChannel((message) => {
        if (message.type === 'roll call') post({ type: 'hello', thread });
        if (message.type === 'hello' && ownThreads.has(message.thread)) own.add(message.thread);
        if (message.type === 'gone') own.delete(message.thread);
        if (message.type === 'welcome' && message.thread === thread) isAlone = false;
        if (message.type !== 'drain') return;
        core.drain({ reason: message.reason, timeout: message.timeout, together: false });
      });
      channel = { post, close };
      post({ type: 'hello', thread });
      // Threads that are older than this coordinator said hello before it could hear them.
      if (ownThreads.size > 0) post({ type: 'roll call' });
      // A thread that is terminated says nothing, and the main thread sees the end of its own threads alone.
      const stopListening = onThreadExit((id) => {
        own.delete(id);
        post({ type: 'gone', thread: id });
      });
      const sayGone = (): void => post({ type: 'gone', thread });
      process.on('exit', sayGone);
      core.onDispose(() => {
        if (leaveReporters()) sayGone();
        clearTimeout(timer);
        stopListening();
        own.clear();
        close();
        process.off('exit', sayGone);
      });
    },
  };
}
