import { whenWorkBegins } from './begins-work.ts';
import { leaveEndToProgram } from './exit.ts';
import { guardOnce } from './guarded.ts';
import { runningStops } from './stops.ts';

/**
 * Words by which programs, and PM2, make their workers stop. After any other message a worker goes on with its work.
 */
const STOP_WORD = /^(?:shut-?down|stop|exit|quit|close|terminate|disconnect|kill|sigterm|sigint)$/i;

/** Leaves the end to the program if its listeners of the same message, behind the caller's, begin something. */
export function leaveStopToProgram(): void {
  whenWorkBegins(leaveEndToProgram);
}

guardOnce('stop messages', watchStopMessages, () => runningStops().length > 0 && process.connected);

function watchStopMessages(): () => void {
  // The first listener would hold the event loop by the channel.
  if (process.listenerCount('message') === 0) return () => {};
  const onMessage = (message: unknown): void => {
    if (isStopMessage(message)) leaveStopToProgram();
  };
  process.prependListener('message', onMessage);
  return () => process.off('message', onMessage);
}

/** `'shutdown'`, or a field of the message: `{ cmd: 'stop' }`, `{ type: 'SHUTDOWN' }`. */
function isStopMessage(message: unknown): boolean {
  if (typeof message === 'string') return STOP_WORD.test(message);
  return typeof message === 'object' && message !== null && Object.values(message).some(isStopWord);
}

const isStopWord = (value: unknown): boolean => typeof value === 'string' && STOP_WORD.test(value);
