import { connect, createServer, type Socket } from 'node:net';
import { now } from './clock.ts';

const HOST = '127.0.0.1';

/** Opens a connection and closes it. */
export function tryConnect(port: number): Promise<'connected' | 'refused' | 'reset'> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: HOST });
    socket.once('connect', () => {
      // Linux may connect a client to itself on a port of the ephemeral range on which nothing listens.
      resolve(socket.localPort === port ? 'refused' : 'connected');
      socket.destroy();
    });
    socket.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      if (code === 'ECONNREFUSED') resolve('refused');
      else if (code === 'ECONNRESET') resolve('reset');
      else reject(new Error(message));
    });
  });
}

/** Binds the port as a successor would, and lets go of it; false while it is taken. */
export function tryListen(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen({ port, host: HOST, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

export interface Answer {
  /** When the answer was complete. */
  readonly at: number;
  /** Still open. */
  readonly socket: Socket;
}

/** One GET request on a connection of its own. `body` is what the answer ends with. */
export function request(port: number, path: string, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: HOST });
    let text = '';
    const fail = (error?: Error): void =>
      reject(new Error(`GET ${path} was not answered: ${error?.message ?? JSON.stringify(text)}`));
    socket.on('error', fail);
    socket.on('close', () => fail());
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
      if (text.endsWith(body)) resolve({ at: now(), socket });
    });
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  });
}
