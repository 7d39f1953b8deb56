import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import type { ShutdownCoordinator } from '@graceful-cluster/core';
import { create, listen } from '../lifecycle/in-process.ts';

/** So many that they fill several turns of the event loop, and both of their ends are in this process. */
const COUNT = 1_600;

/** Most that a turn may look at: twice a slice, since the turn of the signal announces and drains. */
const MOST = 1_000;

/** So long that a machine under load does not decide what a test sees. */
const LIMIT_MS = 60_000;

interface Client {
  readonly socket: Socket;
  readonly text: () => string;
  readonly ended: Promise<unknown>;
}

interface Many {
  readonly clients: readonly Client[];
  /** Sockets of the server that the shutdown knows. */
  readonly known: () => number;
  readonly held: ServerResponse[];
  readonly coordinator: ShutdownCoordinator;
}

function open(port: number): Client {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
  });
  return { socket, text: () => text, ended: once(socket, 'close') };
}

async function send(client: Client, path: string): Promise<void> {
  const answers = client.text().split('hello').length;
  client.socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
  while (client.text().split('hello').length === answers) await once(client.socket, 'data');
}

async function openMany(t: Test): Promise<Many> {
  const held: ServerResponse[] = [];
  const sockets: Socket[] = [];
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    if (request.url === '/held') held.push(response);
    else response.end('hello');
  });
  server.on('connection', (socket) => sockets.push(socket));
  const coordinator = create(t, { timeout: LIMIT_MS });
  coordinator.attach(server);
  const port = await listen(t, server);
  const clients: Client[] = [];
  for (let index = 0; index < COUNT; index += 100) {
    const some = Array.from({ length: 100 }, () => open(port));
    await Promise.all(some.map((client) => send(client, '/')));
    clients.push(...some);
  }
  const isKnown = (socket: Socket): boolean =>
    Object.getOwnPropertySymbols(socket).some(
      ({ description }) => description === 'graceful-cluster.connection',
    );
  return {
    clients,
    held,
    known: () => sockets.filter(isKnown).length,
    coordinator,
  };
}

/** How many became known in each turn of the event loop, until all are. */
async function watch({ known }: Many): Promise<readonly number[]> {
  const steps: number[] = [];
  for (let before = 0; before < COUNT;) {
    const now = known();
    steps.push(now - before);
    before = now;
    await new Promise(setImmediate);
  }
  return steps;
}

function at(clients: readonly Client[], index: number): Client {
  const client = clients.at(index);
  if (client === undefined) throw new Error(`no client ${index}`);
  return client;
}

t.test('thousands of idle connections are looked at a bounded number in each turn', async (t) => {
  const many = await openMany(t);
  t.equal(many.known(), 0, 'while nothing shuts down none is');
  const ended = many.coordinator.shutdown('test');
  const steps = await watch(many);
  t.ok(Math.max(...steps) <= MOST, `at most ${MOST} in a turn: ${steps.join(' ')}`);
  await Promise.all(many.clients.map((client) => client.ended));
  t.match(await ended, {
    clean: true,
    connections: { open: COUNT, answered: 0, idle: COUNT, gone: 0, cutTotal: 0 },
    requests: { inFlight: 0, arrived: 0 },
  });
});

t.test('what happens to an idle connection before its turn is seen', async (t) => {
  const many = await openMany(t);
  const { clients, held } = many;
  const busy = at(clients, 0);
  busy.socket.write('GET /held HTTP/1.1\r\nHost: a\r\n\r\n');
  while (held.length === 0) await new Promise(setImmediate);
  // From both ends of the list, whose order is Node's.
  const asking = [1, 2, -2, -1].map((index) => at(clients, index));
  const leaving = [3, 4, -4, -3].map((index) => at(clients, index));
  const ended = many.coordinator.shutdown('test');
  const answers = asking.map((client) => send(client, '/'));
  for (const { socket } of leaving) socket.destroy();
  held[0]?.end('hello');
  await Promise.all(answers);
  t.ok(many.known() < COUNT, 'some have not had their turn when these are answered');
  await Promise.all(clients.map((client) => client.ended));
  for (const client of [busy, ...asking])
    t.match(
      client.text(),
      /hello.*Connection: close\r\n.*hello$/is,
      'the second answer says that it is the last',
    );
  t.match(await ended, {
    clean: true,
    connections: { open: COUNT, answered: 5, idle: COUNT - 9, gone: 4, cutTotal: 0 },
    requests: { inFlight: 1, arrived: 4, served: 5 },
  });
});

t.test('a deadline before their turn cuts all of them', async (t) => {
  const many = await openMany(t);
  const report = await many.coordinator.shutdown('test', { timeout: 1 });
  await Promise.all(many.clients.map((client) => client.ended));
  const { open: before, idle, answered, gone, cutTotal } = report.connections;
  t.equal(before, COUNT);
  t.equal(idle + answered + gone + cutTotal, COUNT, 'none is forgotten');
});

t.test('a delay before the drain looks at them in slices as well', async (t) => {
  const many = await openMany(t);
  const last = at(many.clients, -1);
  let answered = (): void => {};
  const delay = new Promise<void>((resolve) => {
    answered = resolve;
  });
  many.coordinator.beforeShutdown('the answer', () => delay);
  const ended = many.coordinator.shutdown('test');
  const steps = await watch(many);
  t.ok(Math.max(...steps) <= MOST, `at most ${MOST} in a turn: ${steps.join(' ')}`);
  await send(last, '/');
  await last.ended;
  answered();
  await Promise.all(many.clients.map((client) => client.ended));
  t.match(last.text(), /hello.*Connection: close/is);
  const { open: before, idle, answered: told, gone, cutTotal } = (await ended).connections;
  t.equal(idle, COUNT - 1, 'all but the one that was answered');
  t.equal(idle + told + gone + cutTotal, before, 'which may be closed by the time that the drain begins');
});
