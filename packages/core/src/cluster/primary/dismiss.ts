import type { Worker } from 'node:cluster';
import { clearTimeout, setTimeout } from '../../clock.ts';

/** From the stop signal of a worker without a coordinator to its disconnect, in milliseconds. */
const DISCONNECT_AFTER_MS = 500;

/**
 * From the answer of a worker without a handler to its disconnect, in milliseconds: a program whose own stop goes
 * through `cluster.workers` and kills them still finds the worker there.
 */
const OWN_STOP_MS = 100;

/** How long a worker may take to say whether it has a handler for the signal, in milliseconds. */
const ANSWER_MS = 250;

export interface Dismissal {
  /** Node's own way to end a worker: it closes its servers, and its channel when they are closed. */
  readonly disconnect: () => void;
  /** Asks the worker whether it has a handler for the signal: `answered` is called with the answer. */
  readonly ask: () => void;
}

/**
 * Stops a worker without a coordinator: by the signal, if the program has a handler for that, and then by
 * Node's disconnect. The signal comes first: once disconnected, an HTTP worker is gone as soon as its loop is empty,
 * and its handler would never run. Without a handler the signal would kill the worker, so it is only disconnected; so
 * is a worker that has not loaded this package, and cannot answer.
 *
 * @returns functions to call with the answer, and when the worker turns out to have a coordinator
 */
export function dismiss(
  worker: Worker,
  signal: NodeJS.Signals,
  { disconnect, ask }: Dismissal,
): { readonly answer: (handled: boolean) => void; readonly cancel: () => void } {
  let answered = false;
  const disconnectIt = (): void => {
    if (worker.isConnected()) disconnect();
  };
  const answer = (handled: boolean): void => {
    if (answered) return;
    answered = true;
    clearTimeout(timer);
    if (handled) worker.process.kill(signal);
    timer = setTimeout(disconnectIt, handled ? DISCONNECT_AFTER_MS : OWN_STOP_MS).unref();
  };
  let timer = setTimeout(answer, ANSWER_MS, false);
  ask();
  return {
    answer,
    cancel: () => {
      answered = true;
      clearTimeout(timer);
    },
  };
}
