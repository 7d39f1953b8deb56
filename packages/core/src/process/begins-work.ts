import { createHook, type AsyncHook } from 'node:async_hooks';
import type { ChildProcess } from 'node:child_process';
import { Server } from 'node:net';
import { nextTick } from '../clock.ts';
import { activeHandles } from '../node-internals/net.ts';

/**
 * Async resources that are no work to wait for: they only carry on the call itself, or write, as of a logger's line.
 */
const NO_WORK = new Set(['TickObject', 'Microtask', 'WRITEWRAP', 'TTYWRAP', 'SIGNALWRAP']);

const beginsWith = (began: () => void): AsyncHook =>
  createHook({ init: (_id, type) => void (NO_WORK.has(type) || began()), promiseResolve: began });

/**
 * Calls back if a listener behind the caller's, of the same event, begins something asynchronous.
 *
 * @param otherwise - called behind all of them if none did
 */
export function whenWorkBegins(began: () => void, otherwise: () => void = () => {}): void {
  let idle = true;
  const hook = beginsWith(() => {
    if (idle) began();
    idle = false;
  }).enable();
  nextTick(() => {
    hook.disable();
    if (idle) otherwise();
  });
}

/**
 * Calls a function, and returns whether it began something asynchronous: a timer, a promise, a request; or resolved a
 * promise, for which something else may wait; or asked for something that has an end: the close of a server, the stop of a
 * child process or of a worker thread.
 */
export function beginsWork<T>(call: () => T): { readonly result: T; readonly began: boolean } {
  let began = false;
  const hook = beginsWith(() => {
    began = true;
  });
  const putBack = [...methodsThatBegin()].map(([owner, name]) =>
    watchMethod(owner, name, () => {
      began = true;
    }),
  );
  hook.enable();
  try {
    const result = call();
    return { result, began };
  } finally {
    hook.disable();
    for (const put of putBack) put();
  }
}

/** Methods that make no async resource: each ends something that was there before. */
function* methodsThatBegin(): Generator<[owner: object, name: string]> {
  yield [Server.prototype, 'close'];
  yield [process.getBuiltinModule('node:worker_threads').Worker.prototype, 'postMessage'];
  for (const handle of activeHandles()) {
    if (!isChild(handle)) continue;
    yield [handle, 'kill'];
    yield [handle, 'send'];
  }
}

/** `node:child_process` may not be loaded. */
function isChild(handle: unknown): handle is ChildProcess {
  return handle?.constructor?.name === 'ChildProcess';
}

/** Calls back when a method is called, until the returned function is called. */
function watchMethod(owner: object, name: string, called: () => void): () => void {
  const methods = owner as Record<string, ((...args: unknown[]) => unknown) | undefined>;
  const method = methods[name];
  const own = Object.getOwnPropertyDescriptor(owner, name);
  if (method === undefined || own?.configurable === false) return () => {};
  const value = function (this: unknown, ...args: unknown[]): unknown {
    called();
    return method.apply(this, args);
  };
  Object.defineProperty(owner, name, { value, configurable: true, writable: true });
  return () => {
    if (methods[name] !== value) return;
    if (own === undefined) Reflect.deleteProperty(owner, name);
    else Object.defineProperty(owner, name, own);
  };
}
