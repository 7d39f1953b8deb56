import { createHook, type AsyncHook } from 'node:async_hooks';

/**
 * Async resources that are no work to wait for: they only carry on the call itself, or write, as of a logger's line.
 */
const NO_WORK = new Set(['TickObject', 'Microtask', 'WRITEWRAP', 'TTYWRAP', 'SIGNALWRAP']);

const beginsWith = (began: () => void): AsyncHook =>
  createHook({ init: (_id, type) => void (NO_WORK.has(type) || began()), promiseResolve: began });

/** Calls back if a listener behind the caller's, of the same event, begins something asynchronous. */
export function whenWorkBegins(began: () => void): void {
  const hook = beginsWith(began).enable();
  process.nextTick(() => hook.disable());
}

/**
 * Calls a function, and returns whether it began something asynchronous: a timer, a promise, a request; or resolved a
 * promise, for which something else may wait.
 */
export function beginsWork<T>(call: () => T): { readonly result: T; readonly began: boolean } {
  let began = false;
  const hook = beginsWith(() => {
    began = true;
  });
  hook.enable();
  try {
    return { result: call(), began };
  } finally {
    hook.disable();
  }
}
