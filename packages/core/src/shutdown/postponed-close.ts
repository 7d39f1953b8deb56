import { AsyncLocalStorage } from 'node:async_hooks';
import type { Server } from 'node:net';
import { isListening } from '../listener/listening-socket.ts';
import { leaveEndToProgram } from '../process/exit.ts';
import type { InterferenceOutcome } from '../process/stops.ts';
import { guardKeptClose } from './kept-close.ts';

/** Methods that end connections beside `close`. `closeHttp2Sessions` is Fastify's own, on the servers that it makes. */
const CUTTING = ['closeIdleConnections', 'closeAllConnections', 'closeHttp2Sessions'] as const;

type Callback = (error?: Error) => void;
type Method = (this: Server, callback?: unknown) => unknown;

/** A server whose close is ours to do, until its connections are drained. */
export interface PostponedClose {
  /** Calls back to all that wanted it closed: the drain is over. From here on, what they call goes through. */
  readonly answer: () => void;
  /** Takes everything back. */
  readonly undo: () => void;
}

const inHook = new AsyncLocalStorage<true>();

/** Runs a hook: what it closes is part of our stop, and no sign that the program has begun one of its own. */
export function runAsOurs<T>(hook: () => T): T {
  return inHook.run(true, hook);
}

function noteProgram(): void {
  if (inHook.getStore() === undefined) leaveEndToProgram();
}

/**
 * Makes `close` and its kind wait for the drain. The program sees a server that it has closed: no error, `listening` is
 * false, the callback is called when all connections have ended, and a second call is as good as the first.
 *
 * @param note - called with what the program did
 */
export function postponeClose(
  server: Server,
  note: (what: string, outcome: InterferenceOutcome) => void,
): PostponedClose {
  const { replace, restores } = replaceMethods(server);
  const callbacks: Callback[] = [];
  /** Whether the server is closed because of the shutdown: then a later `close` is no error. */
  let ours = isListening(server);
  const onListening = (): void => {
    ours = true;
  };
  server.on('listening', onListening);
  restores.push(() => server.off('listening', onListening));
  let draining = true;
  let hidden = false;

  function hideListening(): void {
    if (hidden) return;
    hidden = true;
    const own = Object.getOwnPropertyDescriptor(server, 'listening');
    Object.defineProperty(server, 'listening', { get: () => false, configurable: true });
    restores.push(() => restoreProperty(server, 'listening', own));
  }

  const guardClose =
    (close: Method): Method =>
    (callback) => {
      noteProgram();
      ours ||= isListening(server);
      if (draining && ours) {
        note('server.close()', 'deferred');
        if (typeof callback === 'function') callbacks.push(callback as Callback);
        hideListening();
        return server;
      }
      if (!ours || typeof callback !== 'function') return close.call(server, callback);
      const answer: Callback = (error) => {
        const closedAlready = (error as { code?: unknown } | undefined)?.code === 'ERR_SERVER_NOT_RUNNING';
        if (closedAlready) (callback as Callback)();
        else (callback as Callback)(error);
      };
      return close.call(server, answer);
    };
  replace('close', guardClose);
  // Node's own of a `net.Server` resolves at once where the listener is closed already, by us.
  replace(Symbol.asyncDispose, () => async () => {
    await new Promise<void>((resolve, reject) => {
      server.close((error) => (error === undefined ? resolve() : reject(error)));
    });
  });
  restores.push(guardKeptClose(server, guardClose));
  for (const name of CUTTING) {
    replace(name, (method) => (callback) => {
      noteProgram();
      if (!draining) return method.call(server, callback);
      note(`server.${name}()`, 'deferred');
      // Not called later: the drain leaves it nothing to do.
      if (typeof callback === 'function') callbacks.push(callback as Callback);
      return undefined;
    });
  }

  return {
    answer: () => {
      if (!draining) return;
      draining = false;
      for (const callback of callbacks) setImmediate(callback);
    },
    undo: () => {
      for (const restore of restores) restore();
    },
  };
}

/** Replaces methods of a server, and keeps what puts them back. */
function replaceMethods(server: Server): {
  readonly replace: (name: string | symbol, make: (method: Method) => Method) => void;
  readonly restores: (() => void)[];
} {
  const methods = server as unknown as Record<string | symbol, Method | undefined>;
  const restores: (() => void)[] = [];
  return {
    restores,
    replace: (name, make) => {
      const method = methods[name];
      if (typeof method !== 'function') return;
      const own = Object.getOwnPropertyDescriptor(server, name);
      const made = make(method);
      Object.defineProperty(server, name, { value: made, configurable: true, writable: true });
      restores.push(() => {
        // A method that was replaced again since stays, and lets everything through.
        if (methods[name] === made) restoreProperty(server, name, own);
      });
    },
  };
}

function restoreProperty(server: Server, name: string | symbol, own: PropertyDescriptor | undefined): void {
  if (own === undefined) Reflect.deleteProperty(server, name);
  else Object.defineProperty(server, name, own);
}
