// Socket.IO with its real client: each client connects again when its server is gone, and what it asked is answered.
import t from 'tap';
import { io, type Socket } from 'socket.io-client';
import { freePort } from '../helpers/free-port.ts';
import { startChild, type Child, type Owner } from '../helpers/child.ts';
import { clean, options, sleep, stop } from '../helpers/shutdown.ts';
import type { SocketIoSetup } from '../fixtures/connections/socket-io.ts';

type Transport = 'polling' | 'websocket';

const start = (t: Owner, setup: SocketIoSetup): Promise<Child> =>
  startChild(t, 'connections/socket-io', { args: [{ options, ...setup }] });

interface Clients {
  readonly sockets: readonly Socket[];
  readonly wrong: readonly unknown[];
  /** Resolves when each client has been answered what it asked from now on. */
  readonly next: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Clients that ask without pause; an answer that is lost with its connection makes them ask again. */
function startClients(t: Owner, port: number, transport: Transport): Clients {
  const wrong: unknown[] = [];
  let running = true;
  const sockets = Array.from({ length: 8 }, () =>
    io(`http://127.0.0.1:${port}`, {
      transports: [transport],
      reconnectionDelay: 100,
      reconnectionDelayMax: 200,
      forceNew: true,
      retries: 100,
      ackTimeout: 1_000,
    }),
  );
  t.teardown(() => sockets.forEach((socket) => socket.disconnect()));
  const answered = sockets.map(() => 0);
  const asking = sockets.map(async (socket, index) => {
    for (let question = 0; running; question += 1) {
      const answer: unknown = await socket.emitWithAck('ask', question);
      if (answer !== question) wrong.push(answer);
      answered[index] = (answered[index] ?? 0) + 1;
      await sleep(10);
    }
  });
  return {
    sockets,
    wrong,
    next: async () => {
      const before = [...answered];
      while (answered.some((count, index) => count <= (before[index] ?? 0) + 1)) await sleep(20);
    },
    stop: async () => {
      running = false;
      await Promise.all(asking);
      for (const socket of sockets) socket.disconnect();
    },
  };
}

for (const [name, workers] of [
  ['one process', 0],
  ['@socket.io/sticky and the cluster adapter', 2],
] as const) {
  for (const transport of ['polling', 'websocket'] as const) {
    t.test(`${name}, ${transport}: clients go on with the next server`, async (t) => {
      const port = await freePort();
      const first = await start(t, { port, workers });
      const clients = startClients(t, port, transport);
      await clients.next();
      const { ended } = await stop(first);
      const result = await ended;
      t.match(result, clean);
      t.equal(result.report.connections.cutTotal, 0, 'nothing is left at the deadline');
      await start(t, { port, workers });
      await clients.next();
      await clients.stop();
      t.same(clients.wrong, []);
    });
  }
}

t.test('sticky: connections that are passed on are gone from the books of the primary', async (t) => {
  const child = await start(t, { workers: 2 });
  const clients = startClients(t, child.port, 'websocket');
  await clients.next();
  child.kill('SIGUSR2');
  t.match(JSON.parse(await child.line('stats')), { open: 0, inFlight: 0 });
  await clients.stop();
  const { ended } = await stop(child);
  t.match(await ended, clean);
});
