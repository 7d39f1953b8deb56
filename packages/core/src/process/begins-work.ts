import { createHook, type AsyncHook } from 'node:async_hooks';
import type { ChildProcess } from 'node:child_process';
import { Server } from 'node:net';
import { nextTick } from '../clock.ts';
import { activeHandles } from '../node-internals/net.ts';

/**
 * Async resources that are no work to wait for: they only carry on the call itself, or write, as of a logger's line, the
 * first of which makes the stream as well. The pipes of a child come with the child.
 */
const NO_WORK = new Set(['TickObject', 'Microtask', 'WRITEWRAP', 'TTYWRAP', 'PIPEWRAP', 'SIGNALWRAP']);

/** Async resource of a child process, such as a worker of a cluster. */
const PROCESS = 'PROCESSWRAP';

const beginsWith = (began: (type: string) => void): AsyncHook =>
  createHook({
    init: (_id, type) => void (NO_WORK.has(type) || began(type)),
    promiseResolve: () => began('PROMISE'),
  });

/**
 * Calls back behind all listeners of the event that is being emitted, if one behind the caller's began something
 * asynchronous.
 *
 * @param began - called with whether that was a child process
 */
export function whenWorkBegins(began: (forked: boolean) => void, otherwise: () => void = () => {}): void {
  const types = new Set<string>();
  const hook = beginsWith((type) => types.add(type)).enable();
  nextTick(() => {
    hook.disable();
    if (types.size > 0) began(types.has(PROCESS));
    else otherwise();
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
