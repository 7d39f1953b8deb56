import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createNetServer, type Server, type Socket } from 'node:net';
import t from 'tap';
import { ask } from '../helpers/child.ts';
import { create, createHolding, listen, open, request } from '../lifecycle/in-process.ts';

t.test('attaching twice gives the same detach', async (t) => {
  const coordinator = create(t);
  const server = createServer();
  const names = (): unknown => server.eventNames().map((name) => [name, server.listenerCount(name)]);
  const before = names();
  const detach = coordinator.attach(server);
  const during = names();
  t.equal(coordinator.attach(server), detach);
  t.strictSame(names(), during, 'it is watched once');
  t.equal(coordinator.stats().servers, 1);
  detach();
  t.strictSame(names(), before);
  t.equal(coordinator.stats().servers, 0);
  const again = coordinator.attach(server);
  t.strictSame(names(), during, 'it can be attached again');
  detach();
  t.equal(coordinator.stats().servers, 1, 'which the first detach has no say in');
  t.strictSame(names(), during);
  again();
  t.strictSame(names(), before);
});

t.test('a server has one coordinator', async (t) => {
  const first = create(t);
  const second = create(t);
  const server = createServer();
  const detach = first.attach(server);
  t.throws(() => second.attach(server), { name: 'GracefulError', code: 'ERR_GRACEFUL_SERVER_OWNED' });
  detach();
  t.doesNotThrow(() => second.attach(server), 'until it lets go');
  t.throws(() => first.attach(server), { code: 'ERR_GRACEFUL_SERVER_OWNED' });
  second.dispose();
  t.doesNotThrow(() => first.attach(server), 'or is disposed of');
});

t.test('what is no server is told apart', async (t) => {
  const coordinator = create(t);
  const ignore = (): void => {};
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  const cases: readonly (readonly [unknown, string])[] = [
    [undefined, 'undefined'],
    [null, 'null'],
    [3000, '3000 (number)'],
    [{ listen: 1 }, '{ listen: 1 } (object)'],
    [ignore, '[Function: ignore] (function)'],
    [circular, '<ref *1> { self: [Circular *1] } (object)'],
    [{ big: 1n }, '{ big: 1n } (object)'],
    [Object.create(null), '[Object: null prototype] {} (object)'],
    [Symbol('server'), 'Symbol(server) (symbol)'],
  ];
  for (const [value, shown] of cases) {
    try {
      coordinator.attach(value as Server);
      t.fail('it throws');
    } catch (error) {
      const { name, code, message } = error as NodeJS.ErrnoException;
      t.strictSame([name, code], ['GracefulTypeError', 'ERR_GRACEFUL_INVALID_ARGUMENT'], shown);
      t.ok(error instanceof TypeError);
      const link =
        '(https://github.com/graceful-cluster/graceful-cluster/blob/main/docs/errors.md#err_graceful_invalid_argument)';
      t.equal(message, `expected \`server\` to be a net.Server or one of its kinds, got ${shown} ${link}`);
    }
  }
  t.equal(coordinator.stats().servers, 0);
});

for (const order of ['before', 'after'] as const) {
  t.test(`attached ${order} it listens, a server is drained`, async (t) => {
    const coordinator = create(t);
    const { server, held, release } = createHolding();
    if (order === 'before') coordinator.attach(server);
    const port = await listen(t, server);
    if (order === 'after') coordinator.attach(server);
    const answer = ask(port, '/hold');
    await once(server, 'request');
    t.match(coordinator.stats(), {
      state: 'running',
      ready: true,
      servers: 1,
      open: 1,
      inFlight: 1,
      idle: 0,
    });
    const done = coordinator.shutdown();
    t.equal(coordinator.signal.aborted, true, 'it began before shutdown() returned');
    release();
    t.equal(held.length, 1);
    t.strictSame(await answer, { status: 200, connection: 'close', body: 'held /hold' });
    const report = await done;
    t.match(report, { clean: true, requests: { inFlight: 1, served: 1, cut: 0 }, connections: { open: 1 } });
    t.strictSame(
      report.listeners.map(({ address }) => address),
      [`127.0.0.1:${port}`],
    );
    t.equal(server.listening, false);
    t.equal(await ask(port, '/'), 'ECONNREFUSED');
  });
}

t.test('a closed server has nothing to close, and is covered when it listens again', async (t) => {
  const coordinator = create(t);
  const { server, release } = createHolding();
  const first = await listen(t, server);
  coordinator.attach(server);
  server.close();
  await once(server, 'close');
  t.equal(await ask(first, '/'), 'ECONNREFUSED');
  const port = await listen(t, server);
  const answer = ask(port, '/hold');
  await once(server, 'request');
  const done = coordinator.shutdown();
  release();
  t.strictSame(await answer, { status: 200, connection: 'close', body: 'held /hold' });
  const report = await done;
  t.match(report, { clean: true, requests: { inFlight: 1, served: 1 } });
  t.equal(report.listeners.length, 1);

  const other = create(t);
  other.attach(createServer());
  other.attach(createNetServer());
  t.match(await other.shutdown(), { clean: true, listeners: [] }, 'servers that never listened');
});

t.test('detach lets go', async (t) => {
  const coordinator = create(t);
  const { server, release } = createHolding();
  const detach = coordinator.attach(server);
  const port = await listen(t, server);
  const idle = await open(t, port, request('/'));
  await once(idle.socket, 'data');
  const answer = ask(port, '/hold');
  await once(server, 'request');
  detach();
  detach();
  t.match(coordinator.stats(), { servers: 0, open: 0, inFlight: 0 });
  t.match(await coordinator.shutdown(), { clean: true, listeners: [], connections: { open: 0 } });
  t.equal(server.listening, true);
  release();
  t.match(await answer, { status: 200, connection: 'keep-alive' });
  t.match(await ask(port, '/'), { status: 200, connection: 'keep-alive' });
  idle.socket.write(request('/'));
  const [again] = (await once(idle.socket, 'data')) as [string];
  t.match(again, /^HTTP\/1\.1 200 OK\r\n[^]*keep-alive/, 'connections from before stay');
});

t.test('detach leaves open connections as they were', async (t) => {
  const coordinator = create(t);
  const { server } = createHolding();
  const port = await listen(t, server);
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const client = await open(t, port, request('/'));
  await once(client.socket, 'data');
  const [socket] = await accepted;
  const { parser } = socket as unknown as { readonly parser: { readonly onIncoming: unknown } };
  const seen = (): unknown[] => [parser.onIncoming, ...Object.getOwnPropertyNames(socket).toSorted()];
  const before = seen();
  const detach = coordinator.attach(server);
  t.not(parser.onIncoming, before[0], 'requests are looked at while it is attached');
  detach();
  t.strictSame(seen(), before);
});
