import { onInternalMessage, sendOver } from '../../node-internals/ipc.ts';
import { unwrapFromPrimary, wrap } from '../protocol.ts';
import { thisWorker } from '../../process/node-cluster.ts';

/**
 * Answers, in a worker that has loaded this package and made no coordinator, whether the program has a handler for a
 * signal: a primary that stops must know, since the signal kills a worker without one. It listens from the import on,
 * to messages that only this package sends; no other listener can see it.
 */
export function answerForHandlers(): void {
  if (thisWorker() === undefined) return;
  onInternalMessage(process, (message) => {
    const received = unwrapFromPrimary(message, 'internal');
    if (received?.type !== 'ask-handlers' || !process.connected) return;
    const count = process.listenerCount(received.signal) - signalExitListeners();
    // The signal may come twice, from a terminal and from the primary: after a `once` handler the second would kill.
    if (count > 0) process.on(received.signal, () => {});
    sendOver(process, wrap({ type: 'handlers', count }, 'internal'));
  });
}

/**
 * Listeners of the `signal-exit` package, versions 3 and 4, which many packages bring along. They run in front of the
 * end and never instead of it: where no other listener is, they end the process as the signal would.
 */
function signalExitListeners(): number {
  const emitters: readonly unknown[] = [
    (globalThis as Readonly<Record<symbol, unknown>>)[Symbol.for('signal-exit emitter')],
    Reflect.get(process, '__signal_exit_emitter__'),
  ];
  return emitters
    .map((emitter) => (emitter as { readonly count?: unknown } | undefined)?.count)
    .reduce((sum: number, count) => sum + (typeof count === 'number' ? count : 0), 0);
}
