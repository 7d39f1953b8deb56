import { IncomingMessage, ServerResponse, type Server } from 'node:http';
import { Socket, type Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { clearInterval } from '../clock.ts';

/**
 * What the HTTP/1 drain asks of `node:http` beyond its public names. Everything here is feature-detected; where a
 * name is missing, the answer is the one that makes the drain wait rather than lose something.
 */
interface Parser {
  readonly socket?: Socket;
  /** The last request whose head was read. */
  readonly incoming?: (IncomingMessage & { readonly upgrade?: boolean | null }) | null;
}

interface ParserList {
  readonly all: () => readonly Parser[];
  readonly active: () => readonly Parser[];
}

/**
 * Symbols that were found, by their description: to look for one takes as long as all else that is asked of a socket.
 */
const found = new Map<string, symbol>();

/** What an object keeps under a symbol of this description. */
export function hidden<T>(owner: object, description: string): T | undefined {
  const known = found.get(description);
  const values = owner as Readonly<Record<symbol, T | undefined>>;
  if (known !== undefined && Object.hasOwn(owner, known)) return values[known];
  const symbol = Object.getOwnPropertySymbols(owner).find((key) => key.description === description);
  if (symbol === undefined) return undefined;
  found.set(description, symbol);
  return values[symbol];
}

function parserOf(socket: Socket): Parser | null | undefined {
  return (socket as unknown as { readonly parser?: Parser | null }).parser;
}

function parserList(server: Server): ParserList | undefined {
  return hidden<ParserList>(server, 'http.server.connections');
}

/**
 * Makes Node list the connections of a server, as it does by itself from `listening` on: one that gets its connections
 * by `emit('connection')` may never listen. Its timeouts stay as they are: Node does not enforce them there.
 */
export function listConnections(server: Server): void {
  if (parserList(server) !== undefined) return;
  const setUp = server.listeners('listening').find(({ name }) => name === 'setupConnectionsTracking');
  setUp?.call(server);
  if (!server.listening) stopTimeoutChecks(server);
}

/** Whether a server speaks HTTP/1. `https.Server` is no subclass of `http.Server`, but has all of its parts. */
export function speaksHttp1(server: NetServer): server is Server {
  return 'headersTimeout' in server;
}

/** Whether Node lists the connections of a server. */
export function listsConnections(server: Server): boolean {
  return parserList(server) !== undefined;
}

/** Sockets that the server has accepted, those from before we looked included. */
export function knownSockets(server: Server): readonly Socket[] {
  const parsers = parserList(server)?.all() ?? [];
  // Null for one that was given to another process.
  return parsers.flatMap(({ socket }) => socket ?? []);
}

/** Sockets on which a message has begun, and those that never sent one: Node's parser counts from the accept. */
export function begunSockets(server: Server): ReadonlySet<Socket> | undefined {
  const list = parserList(server);
  return list && new Set(list.active().flatMap(({ socket }) => socket ?? []));
}

/**
 * What a socket of an HTTP server speaks. `upgraded` once an upgrade or CONNECT has taken it away from HTTP; `unknown`
 * before HTTP has it: a wrapper may read a PROXY line first.
 */
export function protocolOf(socket: Socket): 'http' | 'upgraded' | 'unknown' {
  const parser = parserOf(socket);
  if (parser === undefined) return 'unknown';
  if (parser === null) return 'upgraded';
  // The parser of an upgrade with a body keeps its request until the body has come.
  const mayBe = parser.incoming === undefined || parser.incoming?.upgrade === true;
  return mayBe && upgradeStream(socket) !== undefined ? 'upgraded' : 'http';
}

/** What Node 26 gives to the application instead of the socket when the request that upgrades has a body. */
export function upgradeStream(socket: Socket): Duplex | undefined {
  return hidden(socket, 'UpgradeStream');
}

/** Whether this Node exposes the response that a socket is writing. */
export function exposesCurrentResponse(): boolean {
  return (shown ??= findResponse());
}

let shown: boolean | undefined;

function findResponse(): boolean {
  const socket = new Socket();
  const response = new ServerResponse(new IncomingMessage(socket));
  response.assignSocket(socket);
  if (currentResponse(socket) !== response) return false;
  response.detachSocket(socket);
  return currentResponse(socket) === undefined;
}

/** Whether Node throws away what comes of a request that is answered: the application has never read it. */
export function isDumped(request: IncomingMessage): boolean {
  return (request as { readonly _dumped?: boolean })._dumped === true;
}

/**
 * The response that a socket is writing: the first where several are waiting. None where a program has made one for
 * itself, of a request that upgraded, as @fastify/websocket does: such a response never ends.
 */
export function currentResponse(socket: Socket): ServerResponse | undefined {
  const response = (socket as unknown as { readonly _httpMessage?: ServerResponse | null })._httpMessage;
  const request = response?.req as { readonly upgrade?: boolean | null } | undefined;
  return request?.upgrade === true ? undefined : (response ?? undefined);
}

/** Given the headers that a response is about to write, returns those that it writes instead. */
export type ChangeHead = (response: ServerResponse, headers: unknown) => unknown;

type StoreHeader = (this: ServerResponse, firstLine: string, headers: unknown) => void;

/**
 * Makes a response call `change` when its head is written, by whichever call: every `writeHead` ends in
 * `_storeHeader`, that of a subclass and those that `on-headers` wraps included. Where there is no such method, in
 * `writeHead` itself, for the headers that were set before.
 */
export function onHead(response: ServerResponse, change: ChangeHead): void {
  const own = response as unknown as { _storeHeader?: StoreHeader };
  const store = own._storeHeader;
  if (typeof store === 'function') {
    own._storeHeader = function (firstLine, headers) {
      store.call(this, firstLine, change(this, headers));
    };
    return;
  }
  const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => ServerResponse;
  response.writeHead = (...args: unknown[]) => {
    // With a header set, `change` writes into the response itself: there is no list here that it could return.
    if (response.getHeaderNames().length === 0) response.setHeader('Connection', 'keep-alive');
    change(response, undefined);
    return writeHead(...args);
  };
}

/** A header of a response whose head is written. `getHeader` misses what `writeHead` was given: the text has it. */
function writtenHeader(response: ServerResponse, name: string): string {
  const { _header: head } = response as unknown as { readonly _header?: string | null };
  const written = head && new RegExp(`^${name}: *(.*)$`, 'im').exec(head)?.[1];
  return String(written ?? response.getHeader(name) ?? '').toLowerCase();
}

export function contentType(response: ServerResponse): string {
  return writtenHeader(response, 'content-type');
}

/** Whether this response says that the connection ends with it. */
export function saysClose(response: ServerResponse): boolean {
  if (!response.headersSent) return false;
  // Where there is neither a length nor chunks, the end of the connection is the end of the body.
  if ((response as unknown as { readonly _last?: boolean })._last === true) return true;
  return !response.shouldKeepAlive || writtenHeader(response, 'connection').includes('close');
}

/** Whether that response belongs to the last request that was read: with pipelining, others may be behind it. */
export function isLast(socket: Socket, response: ServerResponse): boolean {
  const incoming = parserOf(socket)?.incoming;
  return incoming === undefined || incoming === null || incoming === response.req;
}

/** A request whose body is still on its way, answered or not. */
export function incompleteRequest(socket: Socket): IncomingMessage | undefined {
  const incoming = parserOf(socket)?.incoming;
  return incoming?.complete === false ? incoming : undefined;
}

/** Stops the interval that enforces `headersTimeout`: net.Server#close leaves it running, on purpose, for the drain. */
export function stopTimeoutChecks(server: Server): void {
  clearInterval(hidden<NodeJS.Timeout>(server, 'http.server.connectionsCheckingInterval'));
}
