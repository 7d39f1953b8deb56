import { createHook } from 'node:async_hooks';

/** What only carries on the call itself, or writes to a pipe: a line of a logger is no work that must be waited for. */
const NO_WORK = new Set(['TickObject', 'Microtask', 'WRITEWRAP', 'TTYWRAP', 'SIGNALWRAP']);

/**
 * Calls a function, and returns whether it began something asynchronous: a timer, a promise, a request; or resolved a
 * promise that something else waits for.
 */
export function beginsWork<T>(call: () => T): { readonly result: T; readonly began: boolean } {
  let began = false;
  const hook = createHook({
    init: (_id, type) => {
      if (!NO_WORK.has(type)) began = true;
    },
    promiseResolve: () => {
      began = true;
    },
  });
  hook.enable();
  try {
    return { result: call(), began };
  } finally {
    hook.disable();
  }
}
