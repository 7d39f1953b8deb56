import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { now } from '../clock.ts';

const record: unique symbol = Symbol('graceful-cluster.connection');

/** One HTTP/1 connection. Made for each, so it holds nothing that only a drain needs. */
export interface Http1Connection {
  readonly socket: Socket;
  readonly owner: RequestOwner;
  /** `socket.bytesRead` when it was opened: under TLS the handshake counts. */
  readonly opened: number;
  /** The last response that is not finished, which is the last of several pipelined ones. */
  response: ServerResponse | undefined;
  /** Requests whose response is not finished. */
  outstanding: number;
  /** The one in the way first, where there are several. */
  pipelined: { readonly response: ServerResponse; readonly since: number }[] | undefined;
  /** A request that was answered before its body had come. */
  upload: IncomingMessage | undefined;
  /** When the last request came, or it was accepted, in whole milliseconds: a fraction would take 16 bytes more. */
  since: number;
  drain: DrainState | undefined;
}

export interface DrainState {
  timer: NodeJS.Timeout | undefined;
  /** The response that we told to say `Connection: close`. */
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
  /** Returns false for a request that must not be executed. */
  readonly started: (connection: Http1Connection, response: ServerResponse) => boolean;
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

/** This and `onFinish` run for each request of the process, so they do next to nothing until a drain. */
function onStart(message: unknown): void {
  const { socket, response, server } = message as Exchange;
  const connection = socket[record] ?? owners.get(server)?.adopt(socket);
  if (connection === undefined || !connection.owner.started(connection, response)) return;
  const since = Math.round(now());
  if (connection.response !== undefined) {
    connection.pipelined ??= [{ response: connection.response, since: connection.since }];
    connection.pipelined.push({ response, since });
  }
  connection.outstanding += 1;
  connection.response = response;
  connection.since = since;
}

function onFinish(message: unknown): void {
  const { socket, request } = message as Exchange;
  const connection = socket[record];
  if (connection === undefined || connection.outstanding === 0) return;
  connection.outstanding -= 1;
  connection.pipelined?.shift();
  if (connection.outstanding === 0) {
    // Holding the last response of an idle connection would cost kilobytes for each.
    connection.response = undefined;
    connection.pipelined = undefined;
    connection.upload = request.complete ? undefined : request;
  }
  connection.owner.finished(connection);
}

/** Follows the requests of a server: a `request` listener would miss those with `checkContinue`, the channels do not. */
export function watchRequests(server: Server, owner: RequestOwner): void {
  if (owners.size === 0) {
    subscribe('http.server.request.start', onStart);
    subscribe('http.server.response.finish', onFinish);
  }
  owners.set(server, owner);
}

export function unwatchRequests(server: Server): void {
  owners.delete(server);
  if (owners.size > 0) return;
  unsubscribe('http.server.request.start', onStart);
  unsubscribe('http.server.response.finish', onFinish);
}

export function connectionOf(socket: TrackedSocket): Http1Connection | undefined {
  return socket[record];
}

/** Puts what is known of a connection where its requests find it. */
export function setConnection(socket: TrackedSocket, connection: Http1Connection): void {
  socket[record] = connection;
}
