import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { createCoordinator, type CoordinatorOptions, type ShutdownCoordinator } from '@graceful-cluster/core';
import type { Owner } from '../helpers/child.ts';

const options = { signals: [], keepAliveGrace: 100, timeout: 8_000, cleanupTimeout: 500 };

export function create(t: Owner, others: CoordinatorOptions = {}): ShutdownCoordinator {
  const coordinator = createCoordinator({ ...options, ...others });
  t.teardown(() => coordinator.dispose());
  return coordinator;
}

export async function listen(t: Owner, server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

export interface Client {
  readonly socket: Socket;
  readonly received: () => string;
  /** `end` after a FIN, or the code of an error. */
  readonly ended: Promise<string>;
}

export async function open(t: Owner, port: number, text = ''): Promise<Client> {
  const socket = connect(port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  let received = '';
  socket.setEncoding('utf8').on('data', (data: string) => (received += data));
  const ended = new Promise<string>((resolve) => {
    socket.on('end', () => resolve('end'));
    socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(String(code)));
  });
  await once(socket, 'connect');
  if (text !== '') socket.write(text);
  return { socket, received: () => received, ended };
}

export async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 5_000;
  while (!condition() && performance.now() < end) await new Promise(setImmediate);
}

export const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`;

/** Answers at once, except `/hold`, which waits for `release`. */
export function createHolding(): {
  readonly server: Server;
  readonly held: ServerResponse[];
  readonly release: () => void;
} {
  const held: ServerResponse[] = [];
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/hold')) held.push(response);
    else response.end('now');
  });
  return {
    server,
    held,
    release: () => held.forEach((response) => response.end(`held ${response.req.url}`)),
  };
}
