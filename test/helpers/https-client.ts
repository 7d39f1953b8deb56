import { Agent, get } from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { once } from 'node:events';
import type { Answer } from './child.ts';

export const keepAliveAgent = (): Agent =>
  new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });

/** One GET request over HTTPS, as `ask` in child.ts. */
export function askHttps(port: number, path: string, agent?: Agent): Promise<Answer | string> {
  const own = agent ?? keepAliveAgent();
  const answer = new Promise<Answer | string>((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void => resolve(error.code ?? error.message);
    const request = get({ host: '127.0.0.1', port, path, agent: own }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('error', failed);
      response.on('end', () => {
        resolve({ status: response.statusCode, connection: response.headers.connection, body });
      });
    });
    request.on('error', failed);
  });
  if (agent === undefined) void answer.then(() => own.destroy());
  return answer;
}

/** A TLS connection whose handshake is done. */
export async function openTls(port: number): Promise<TLSSocket> {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  return socket;
}

export async function openTcp(port: number, localAddress?: string): Promise<Socket> {
  // It ends when we say so.
  const socket = connectTcp({
    port,
    host: '127.0.0.1',
    allowHalfOpen: true,
    ...(localAddress && { localAddress }),
  });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** The first bytes of a TLS handshake, as a real client sends them. */
export async function clientHello(): Promise<Buffer> {
  const { createServer } = await import('node:net');
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  const client = connectTls({ port, host: '127.0.0.1' }).on('error', () => {});
  const [socket] = (await once(server, 'connection')) as [Socket];
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}
