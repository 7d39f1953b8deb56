import { Server } from 'node:net';

type Close = (this: Server, ...args: unknown[]) => unknown;
type Guard = (close: Close) => Close;

const guards = new Map<Server, Guard>();
let end: (() => void) | undefined;

/**
 * Guards a server's `close` also where the program took hold of it before the stop:
 * `promisify(server.close.bind(server))` has the method of `http.Server`, and that calls the one of `net.Server` by its
 * name (lib/_http_server.js). It is replaced for as long as a server is guarded; our own closing of a listener does not
 * look it up.
 */
export function guardKeptClose(server: Server, guard: Guard): () => void {
  guards.set(server, guard);
  end ??= replaceClose();
  return () => {
    guards.delete(server);
    if (guards.size > 0) return;
    end?.();
    end = undefined;
  };
}

function replaceClose(): () => void {
  const prototype = Server.prototype as { close: Close };
  // Called on a server.
  // oxlint-disable-next-line typescript/unbound-method
  const { close } = prototype;
  const guarded: Close = function (...args) {
    return (guards.get(this)?.(close) ?? close).apply(this, args);
  };
  prototype.close = guarded;
  return () => {
    // A method that was replaced again since stays, and lets everything through.
    if (prototype.close === guarded) prototype.close = close;
  };
}
