import { AsyncLocalStorage } from 'node:async_hooks';
import type { Server } from 'node:net';
import { promisify } from 'node:util';
import { setImmediate } from '../clock.ts';
import { isListening } from '../listener/listening-socket.ts';
import { leaveEndToProgram } from '../process/exit.ts';
import type { InterferenceOutcome } from '../process/stops.ts';
import { guardKeptClose } from './kept-close.ts';
import { replaceMethods, restoreProperty, type Method } from './server-methods.ts';

/** Methods that end connections beside `close`. `closeHttp2Sessions` is Fastify's own, on the servers that it makes. */
const CUTTING = ['closeIdleConnections', 'closeAllConnections', 'closeHttp2Sessions'] as const;

type Callback = (error?: Error) => void;

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
 * @param failed - called with the error of a method that cannot be replaced
 */
export function postponeClose(
  server: Server,
  note: (what: string, outcome: InterferenceOutcome) => void,
  failed: (error: unknown) => void,
): PostponedClose {
  const { replace, restores } = replaceMethods(server, failed);
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

  const drained = (): Promise<void> =>
    new Promise((resolve) => {
      callbacks.push(() => resolve());
    });

  const guardClose =
    (close: Method, byProgram = false): Method =>
    (...args) => {
      const [callback] = args;
      noteProgram();
      ours ||= isListening(server);
      if (draining && ours) {
        note('server.close()', 'deferred');
        hideListening();
        if (typeof callback === 'function') callbacks.push(callback as Callback);
        // It may return a promise, as one that was made by `promisify`, and be awaited.
        else if (byProgram) return drained().then(() => close.apply(server, args));
        return server;
      }
      // As many arguments as were given: a function of `promisify` adds its callback behind them.
      if (!ours || typeof callback !== 'function') return close.apply(server, args);
      return close.call(server, acceptClosed(callback as Callback));
    };
  replace('close', guardClose);
  // Node's own of a `net.Server` resolves at once where the listener is closed already, by us.
  replace(Symbol.asyncDispose, (dispose) => async () => {
    if (ours) await promisify(server.close.bind(server))();
    else await dispose.call(server);
  });
  restores.push(guardKeptClose(server, guardClose));
  for (const name of CUTTING) {
    replace(name, (method) => (...args) => {
      const [callback] = args;
      noteProgram();
      if (!draining) return method.apply(server, args);
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

/** A callback of `close` to which a server that is closed already is no error. */
function acceptClosed(callback: Callback): Callback {
  return (error) => {
    const closedAlready = (error as { code?: unknown } | undefined)?.code === 'ERR_SERVER_NOT_RUNNING';
    if (closedAlready) callback();
    else callback(error);
  };
}
