import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { coarseNow, now } from '../../clock.ts';
import {
  currentResponse,
  requestTaker,
  setRequestTaker,
  exposesCurrentResponse,
  speaksHttp,
  type TakeRequest,
} from '../../node-internals/http.ts';

const record: unique symbol = Symbol('graceful-cluster.connection');

/** One HTTP/1 connection. Made for each, so it holds nothing that only a drain needs. */
export interface Http1Connection {
  readonly socket: Socket;
  readonly owner: RequestOwner;
  /** `socket.bytesRead` when it was opened: under TLS the handshake counts. */
  readonly opened: number;
  /**
   * In the order in which they came. While nothing is shutting down it holds pipelined ones only: to follow every
   * request costs 2 to 4 percent of a small one, and Node knows what a socket is writing.
   */
  inFlight: readonly RequestInFlight[];
  /** A request that was answered before its body had arrived. */
  upload: IncomingMessage | undefined;
  /** When the last request came, or it was accepted, in whole milliseconds: a fraction would take 16 bytes more. */
  since: number;
  /** The parser's own `onIncoming`, which our wrapper calls. */
  take: TakeRequest | undefined;
  drain: DrainState | undefined;
}

export interface RequestInFlight {
  readonly response: ServerResponse;
  /** When it came. */
  readonly since: number;
}

export const NONE: readonly RequestInFlight[] = [];

export interface DrainState {
  timer: NodeJS.Timeout | undefined;
  /** The response that was marked to say `Connection: close`. */
  marked: ServerResponse | undefined;
  ending: 'answered' | 'idle' | undefined;
}

/** Made with the first thing that a drain has to remember of a connection. */
export function drainState(connection: Http1Connection): DrainState {
  return (connection.drain ??= { timer: undefined, marked: undefined, ending: undefined });
}

/** The server's side of its connections. */
export interface RequestOwner {
  /** @param existing - whether it was open before the server was attached */
  readonly adopt: (socket: Socket, existing?: boolean) => Http1Connection;
  readonly started: (connection: Http1Connection, response: ServerResponse) => void;
  readonly finished: (connection: Http1Connection) => void;
}

interface TrackedSocket extends Socket {
  [record]?: Http1Connection;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: TrackedSocket;
  readonly server: Server;
}

const owners = new Map<Server, RequestOwner>();

let following = false;

function onStart(message: unknown): void {
  const { socket, response, server } = message as Exchange;
  const connection = socket[record] ?? owners.get(server)?.adopt(socket);
  connection?.owner.started(connection, response);
}

function onFinish(message: unknown): void {
  const { socket, request, response } = message as Exchange;
  const connection = socket[record];
  if (connection === undefined || !connection.inFlight.some((each) => each.response === response)) return;
  connection.inFlight = without(connection, response);
  if (connection.inFlight === NONE) connection.upload = request.complete ? undefined : request;
  connection.owner.finished(connection);
}

/** Requests of this server are the owner's: those that are followed, and where Node hides what a socket writes, all. */
export function registerServer(server: Server, owner: RequestOwner): void {
  owners.set(server, owner);
  if (!exposesCurrentResponse()) followAllRequests();
}

/** From now on. A `request` listener would miss those with `checkContinue`; the channel does not. */
export function followAllRequests(): void {
  if (following) return;
  following = true;
  subscribe('http.server.request.start', onStart);
  subscribe('http.server.response.finish', onFinish);
}

/**
 * Records when the last request came, and notices pipelining. Node exposes only the response being written, not those
 * queued behind it; so the first pipelined request switches the process to following every request. This runs for each
 * request, so it does next to nothing: the channel alone would cost 1 to 2 percent of a small one.
 */
export function tapParser(connection: Http1Connection): void {
  const { socket } = connection;
  connection.take = requestTaker(socket);
  if (connection.take !== undefined) setRequestTaker(socket, takeRequest);
  else if (speaksHttp(socket)) followAllRequests();
}

export function untapParser({ socket, take }: Http1Connection): void {
  if (take !== undefined && requestTaker(socket) === takeRequest) setRequestTaker(socket, take);
}

const takeRequest: TakeRequest = function (request, keepAlive) {
  const connection = (this.socket as TrackedSocket)[record];
  // Cannot happen: installed only on sockets that have a record.
  if (connection?.take === undefined) return 0;
  if (currentResponse(this.socket) === undefined) connection.since = coarseNow();
  else followAllRequests();
  return connection.take.call(this, request, keepAlive);
};

export function unregisterServer(server: Server): void {
  owners.delete(server);
  if (owners.size > 0) return;
  unsubscribe('http.server.request.start', onStart);
  unsubscribe('http.server.response.finish', onFinish);
  following = false;
}

/** Records a request that arrived while nothing is shutting down, perhaps behind the response of another one. */
export function recordPipelined(connection: Http1Connection, response: ServerResponse): void {
  const current = currentResponse(connection.socket);
  if (current === undefined) return;
  if (connection.inFlight.length === 0) remember(connection, { response: current, since: connection.since });
  connection.since = Math.round(now());
  remember(connection, { response, since: connection.since });
}

function remember(connection: Http1Connection, request: RequestInFlight): void {
  connection.inFlight = [...connection.inFlight, request];
  request.response.once('close', forget);
}

/** On `close`, after `onFinish`: drops a response that never finished. */
function forget(this: ServerResponse): void {
  const connection = (this.req.socket as TrackedSocket)[record];
  if (connection !== undefined) connection.inFlight = without(connection, this);
}

/** Holding the last response of an idle connection would cost kilobytes for each. */
function without({ inFlight }: Http1Connection, response: ServerResponse): readonly RequestInFlight[] {
  const left = inFlight.filter((each) => each.response !== response);
  return left.length === 0 ? NONE : left;
}

/** What is in flight on a connection whose requests are not followed. */
export function requestsOnSocket(connection: Http1Connection): readonly RequestInFlight[] {
  const response = currentResponse(connection.socket);
  if (response === undefined) return NONE;
  return connection.inFlight.length > 0 ? connection.inFlight : [{ response, since: connection.since }];
}

export function connectionOf(socket: TrackedSocket): Http1Connection | undefined {
  return socket[record];
}

/** Puts what is known of a connection where its requests find it. */
export function setConnection(socket: TrackedSocket, connection: Http1Connection): void {
  socket[record] = connection;
}
