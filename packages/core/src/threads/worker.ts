import { warn } from '../api/errors.ts';
import { alone, type Role } from '../shutdown/role.ts';
import { openChannel } from './channel.ts';

/** How long a coordinator of the main thread may take to answer, in milliseconds. */
const ANSWER_MS = 200;

/**
 * A coordinator in a worker thread hears no signal: Node delivers them to the main thread alone, whose coordinator tells
 * this one to drain. When it has, the thread exits.
 */
export function createThreadRole(): Role {
  const thread = process.getBuiltinModule('node:worker_threads').threadId;
  let channel: ReturnType<typeof openChannel> | undefined;
  return {
    ...alone,
    needsServer: false,
    finished: (report) => {
      channel?.post({ type: 'report', thread, report });
      return Promise.resolve();
    },
    join: (controls) => {
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
        if (message.type === 'welcome' && message.thread === thread) isAlone = false;
        if (message.type !== 'drain') return;
        controls.drain({ reason: message.reason, timeout: message.timeout, together: false });
      });
      channel = { post, close };
      post({ type: 'hello', thread });
      const sayGone = (): void => post({ type: 'gone', thread });
      process.on('exit', sayGone);
      controls.onDispose(() => {
        sayGone();
        clearTimeout(timer);
        close();
        process.off('exit', sayGone);
      });
    },
  };
}
