import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { now } from '../clock.ts';

/** `127.0.0.1:51234`, or `a local client` for a Unix socket. */
export function peerName(stream: Duplex): string {
  const socket = stream as Socket;
  return socket.remoteAddress === undefined
    ? 'a local client'
    : `${socket.remoteAddress}:${socket.remotePort}`;
}

/** Longest path in a name, in characters. */
const MAX_PATH_LENGTH = 200;

/** `GET /export`: the path alone, since a query string or the user of an absolute URL may be a secret. */
export function requestName(method: string | undefined, url: string | undefined): string {
  const path = (url ?? '').replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '');
  return `${method} ${path.slice(0, MAX_PATH_LENGTH) || '/'}`;
}

/** `GET /export, 4.2 s`: a name, and the time since `since`. */
export function withAge(name: string, since: number): string {
  return `${name}, ${((now() - since) / 1_000).toFixed(1)} s`;
}
