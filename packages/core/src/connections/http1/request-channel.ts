import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { now } from '../../clock.ts';
import { currentResponse, exposesCurrentResponse, protocolOf } from '../../node-internals/http.ts';
import { tapPipelining } from '../../node-internals/pipelining.ts';
import { leaveRaw } from '../raw.ts';
import { InFlight, NONE } from './in-flight.ts';

const record: unique symbol = Symbol('graceful-cluster.connection');

/**
 * One HTTP/1 connection. While nothing shuts down, only those have a record that Node does not show or that pipeline;
 * what only a drain needs is in `drain`.
 */
export interface Http1Connection {
  readonly socket: Socket;
  readonly owner: RequestOwner;
  /** `socket.bytesRead` when it was opened: under TLS the handshake counts. */
  readonly opened: number;
  /** Known during a shutdown, or once a client pipelines: to follow every request costs some percent of a small one. */
  inFlight: InFlight;
  /** A request that was answered before its body had arrived. */
  upload: IncomingMessage | undefined;
  /** When the last request came, or it was accepted, in whole milliseconds: a fraction would take 16 bytes more. */
  since: number;
  drain: DrainState | undefined;
}

export interface DrainState {
  /** Whether a request has come since the drain began. */
  asked: boolean;
  /** Whether a request was refused: the last one before it has the last response. */
  refuses: boolean;
  /** The first chunk that was parsed after the grace: its requests may have arrived within it. */
  lastChunk: 'open' | 'over' | undefined;
  /** The response behind which there are pipelined ones that Node does not show. */
  hiding: ServerResponse | undefined;
  /** Whether `watch` of `endings.ts` listens for its FIN. */
  watched: boolean;
  /** Whether it has left HTTP. */
  upgraded: boolean;
  /** Whether an upgraded connection got all that there is to say, its FIN included. */
  saidAll: boolean;
  ending: 'answered' | 'idle' | 'moved' | undefined;
}

/** Made with the first thing that a drain has to remember of a connection. */
export function drainState(connection: Http1Connection): DrainState {
  return (connection.drain ??= {
    asked: false,
    refuses: false,
    lastChunk: undefined,
    hiding: undefined,
    watched: false,
    upgraded: false,
    saidAll: false,
    ending: undefined,
  });
}

/** The server's side of its connections. */
export interface RequestOwner {
  /** @param existing - whether it was open before the server was attached */
  readonly adopt: (socket: Socket, existing?: boolean) => Http1Connection;
  readonly started: (socket: Socket, response: ServerResponse) => void;
  readonly finished: (connection: Http1Connection, response: ServerResponse) => void;
  /** Whether the connection goes on in another process, and its responses must not say that it ends. */
  readonly keeps: (connection: Http1Connection) => boolean;
  /** Lets go of the connection: another server has it from now on, or it is cut. */
  readonly leave: (connection: Http1Connection) => void;
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
  (socket[record]?.owner ?? owners.get(server))?.started(socket, response);
}

function onFinish(message: unknown): void {
  const { socket, request, response } = message as Exchange;
  const connection = socket[record];
  if (connection === undefined || !connection.inFlight.delete(response)) return;
  if (connection.inFlight.size === 0) {
    // An empty list would stay in memory with an idle connection.
    connection.inFlight = NONE;
    connection.upload = request.complete ? undefined : request;
  }
  connection.owner.finished(connection, response);
}

/** Gives requests of this server to the owner once they are followed: at once where Node hides what a socket writes. */
export function registerServer(server: Server, owner: RequestOwner): void {
  owners.set(server, owner);
  if (!exposesCurrentResponse()) followAllRequests();
}

/** Follows requests from now on. A `request` listener would miss those with `checkContinue`; the channel does not. */
export function followAllRequests(): void {
  if (following) return;
  following = true;
  subscribe('http.server.request.start', onStart);
  subscribe('http.server.response.finish', onFinish);
}

/** The first pipelined request switches the process to following every request: of those queued Node shows none. */
export function watchPipelining(socket: Socket): void {
  // HTTP gets some sockets later: a wrapper reads a PROXY line first.
  if (!tapPipelining(socket, followAllRequests) && protocolOf(socket) !== 'upgraded') followAllRequests();
}

export function unregisterServer(server: Server): void {
  owners.delete(server);
  if (owners.size > 0) return;
  unsubscribe('http.server.request.start', onStart);
  unsubscribe('http.server.response.finish', onFinish);
  following = false;
}

export function remember(connection: Http1Connection, response: ServerResponse, since: number): void {
  if (connection.inFlight === NONE) connection.inFlight = new InFlight();
  connection.inFlight.add(response, since);
}

/** Records a request that came while nothing shuts down, behind the response of another one. */
export function recordPipelined(
  connection: Http1Connection,
  current: ServerResponse,
  next: ServerResponse,
): void {
  const before = connection.since;
  connection.since = Math.round(now());
  if (connection.inFlight.size === 0) remember(connection, current, before);
  remember(connection, next, connection.since);
}

/** What is in flight on a connection whose requests were not followed. */
export function requestsOnSocket({ socket, inFlight, since }: Http1Connection): InFlight {
  const response = currentResponse(socket);
  if (response === undefined) return NONE;
  if (inFlight.size > 0) return inFlight;
  const found = new InFlight();
  found.add(response, since);
  return found;
}

export function isBusy({ socket, inFlight }: Http1Connection): boolean {
  return inFlight.size > 0 || currentResponse(socket) !== undefined;
}

export function connectionOf(socket: TrackedSocket): Http1Connection | undefined {
  return socket[record];
}

/** Puts the record of a connection on its socket, where requests find it. */
export function setConnection(socket: TrackedSocket, owner: RequestOwner, opened: number): Http1Connection {
  return (socket[record] = {
    socket,
    owner,
    opened,
    inFlight: NONE,
    upload: undefined,
    since: Math.round(now()),
    drain: undefined,
  });
}

/** Takes a connection from another server of this process that has it. */
export function leaveElsewhere(socket: Socket): void {
  leaveRaw(socket);
  const other = connectionOf(socket);
  other?.owner.leave(other);
}
