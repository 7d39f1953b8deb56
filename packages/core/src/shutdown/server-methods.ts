import type { Server } from 'node:net';
import { types } from 'node:util';
import { attempt } from './containment.ts';
import { shared } from '../process/registry.ts';

export type Method = (this: Server, ...args: unknown[]) => unknown;

/** Functions in place of a server's methods, of each copy of this package. */
const ours = shared<WeakSet<Method>>('server methods', WeakSet);

/**
 * Replaces methods of a server, and keeps what puts them back. `make` gets the method, and whether it is one of the
 * program's, set on the server or async: Node's own are neither.
 */
export function replaceMethods(
  server: Server,
  failed: (error: unknown) => void,
): {
  readonly replace: (name: string | symbol, make: (method: Method, byProgram: boolean) => Method) => void;
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
      const byProgram = (own !== undefined && !ours.has(method)) || types.isAsyncFunction(method);
      const made = make(method, byProgram);
      ours.add(made);
      const put = (): unknown =>
        Object.defineProperty(server, name, { value: made, configurable: true, writable: true });
      attempt(failed, put, undefined);
      restores.push(() => {
        // A method that was replaced again since stays, and lets everything through.
        if (methods[name] === made) restoreProperty(server, name, own);
      });
    },
  };
}

export function restoreProperty(
  server: Server,
  name: string | symbol,
  own: PropertyDescriptor | undefined,
): void {
  if (own === undefined) Reflect.deleteProperty(server, name);
  else Object.defineProperty(server, name, own);
}
