import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** What Node's parser calls, as a method of itself, with each request whose head was read. */
type TakeRequest = (
  this: { readonly socket: Tapped },
  request: IncomingMessage,
  keepAlive: boolean,
) => number;

const own: unique symbol = Symbol('graceful-cluster.onIncoming');

interface Tapped extends Socket {
  readonly parser?: { onIncoming?: TakeRequest | null } | null;
  readonly _httpMessage?: unknown;
  [own]?: TakeRequest;
}

let noticed = (): void => {};

/** All of this package that is on the path of a request while nothing shuts down: one function for all connections. */
const take: TakeRequest = function (request, keepAlive) {
  const { socket } = this;
  if (socket._httpMessage) noticed();
  return (socket[own] as TakeRequest).call(this, request, keepAlive);
};

/**
 * Notices that a client pipelines. Node shows the response that is being written, but keeps those queued behind it in a
 * closure (`state.outgoing` of lib/_http_server.js), and what they say of the connection has to be decided too.
 *
 * @param pipelines - called when a request comes behind one that is not answered; the same function for all sockets
 * @returns whether it could be done
 */
export function tapPipelining(socket: Socket, pipelines: () => void): boolean {
  const tapped: Tapped = socket;
  const { parser } = tapped;
  if (typeof parser?.onIncoming !== 'function') return false;
  noticed = pipelines;
  if (parser.onIncoming === take) return true;
  tapped[own] = parser.onIncoming;
  parser.onIncoming = take;
  return true;
}

export function untapPipelining(socket: Socket): void {
  const tapped: Tapped = socket;
  const { parser } = tapped;
  if (parser?.onIncoming === take) parser.onIncoming = tapped[own] ?? null;
}
