import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server as NetServer, type Socket } from 'node:net';
import type { Target } from './target.ts';

/** A TCP load balancer: instances in turn, and the next one if one refuses. */
export interface Proxy {
  readonly target: Target;
  close(): void;
}

export async function startProxy(instances: readonly Target[]): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let turn = 0;

  const server: NetServer = createServer(
    { allowHalfOpen: true, pauseOnConnect: true, noDelay: true },
    (client) => {
      turn += 1;
      track(client);
      join(client, turn, instances.length);
    },
  );

  function track(socket: Socket): void {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  }

  function join(client: Socket, first: number, left: number): void {
    const { host, port } = instances[first % instances.length] as Target;
    const upstream = connect({ host, port, allowHalfOpen: true, noDelay: true });
    let connected = false;
    track(upstream);
    upstream.on('connect', () => {
      connected = true;
      client.pipe(upstream);
      upstream.pipe(client);
    });
    upstream.on('error', ({ code }: NodeJS.ErrnoException) => {
      if (!connected && code === 'ECONNREFUSED' && left > 1) join(client, first + 1, left - 1);
      // A failure of the instance is passed on to the client as a reset.
      else client.resetAndDestroy();
    });
    client.on('error', () => upstream.destroy());
    client.on('close', () => upstream.destroy());
  }

  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    target: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
