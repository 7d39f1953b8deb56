import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { setImmediate } from '../../clock.ts';

/** Hands requests to the application one turn late, from the announcement of a shutdown on. */
export interface DeferredRequests {
  readonly start: () => void;
  /** Keeps a request from the application. */
  readonly drop: (response: ServerResponse) => void;
  readonly stop: () => void;
}

const requestEvents: ReadonlySet<unknown> = new Set(['request', 'checkContinue', 'checkExpectation']);

/**
 * Node emits `request` while it is still parsing the chunk that the request came in. If a synchronous handler ended
 * its response with `Connection: close` there, Node would drop the pipelined requests behind it. In setImmediate
 * the whole chunk is parsed, and only the last response says `close`.
 *
 * `server.emit` is shadowed rather than listened to: a listener cannot hold an event back, and adding one for
 * `checkContinue` would change what Node does.
 */
export function deferRequests(server: Server): DeferredRequests {
  const handedOver = new WeakSet<ServerResponse>();
  const dropped = new WeakSet<ServerResponse>();
  let own: PropertyDescriptor | undefined;
  let emit: (event: unknown, ...args: unknown[]) => boolean;
  let active = false;

  function deferringEmit(event: unknown, ...args: unknown[]): boolean {
    if (!active || !requestEvents.has(event)) return emit.call(server, event, ...args);
    const [request, response] = args as [IncomingMessage, ServerResponse];
    if (dropped.has(response)) return true;
    // A server that speaks both has HTTP/2 requests too, which cannot be pipelined.
    if (request.httpVersionMajor > 1) return emit.call(server, event, ...args);
    // An application's `checkContinue` listener emits `request` itself.
    if (handedOver.has(response)) return emit.call(server, event, ...args);
    handedOver.add(response);
    setImmediate(() => {
      if (request.complete || !request.destroyed) emit.call(server, event, ...args);
    });
    return true;
  }

  return {
    start: () => {
      active = true;
      own = Object.getOwnPropertyDescriptor(server, 'emit');
      // Called on the server, below.
      // oxlint-disable-next-line typescript/unbound-method
      emit = server.emit as typeof emit;
      Object.defineProperty(server, 'emit', { value: deferringEmit, configurable: true, writable: true });
    },
    drop: (response) => {
      dropped.add(response);
    },
    stop: () => {
      active = false;
      // The application may have wrapped it since: then it stays, and lets everything through.
      if (server.emit !== (deferringEmit as unknown)) return;
      if (own === undefined) Reflect.deleteProperty(server, 'emit');
      else Object.defineProperty(server, 'emit', own);
    },
  };
}
