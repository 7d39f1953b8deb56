import { sendOver } from '../../node-internals/ipc.ts';
import { leaveStopToProgram } from '../../process/stop-messages.ts';
import type { CoordinatorControls } from '../../shutdown/role.ts';
import type { Readiness } from '../../shutdown/readiness.ts';

/** What a process under PM2 says and hears, in its cluster mode and in its fork mode. */
export interface Pm2 {
  /** Says `ready`, once, for `wait_ready`. */
  readonly tellReady: (readiness: Readiness) => void;
  readonly join: (controls: CoordinatorControls) => void;
}

/** Undefined where the process was not started by PM2. */
export function findPm2(): Pm2 | undefined {
  if (process.env['pm_id'] === undefined || process.send === undefined) return undefined;
  let told = false;
  return {
    tellReady: (readiness) => {
      if (told || !process.connected || !readiness.listening() || !readiness.willing()) return;
      told = true;
      sendOver(process, 'ready');
    },
    join: (controls) => {
      // PM2 sends this instead of a signal: `shutdown_with_message`, a graceful reload, and always on Windows.
      const onMessage = (message: unknown): void => {
        if (message !== 'shutdown') return;
        controls.beginAndExit('shutdown message of PM2');
        leaveStopToProgram();
      };
      process.prependListener('message', onMessage);
      controls.onDispose(() => process.off('message', onMessage));
    },
  };
}
