import { once } from 'node:events';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { createServer } from 'node:http';
import { createCoordinator, type ShutdownReport } from '@graceful-cluster/core';
import t from 'tap';
import { createHolding, listen, open, request, until } from './in-process.ts';

const create = (): ReturnType<typeof createCoordinator> =>
  createCoordinator({ signals: [], exit: false, keepAliveGrace: 300, timeout: 1_500, cleanupTimeout: 200 });

const left = ({ requests: { inFlight, arrived } }: ShutdownReport): number => inFlight + arrived;
const right = ({ requests: { served, cut, gone } }: ShutdownReport): number => served + cut + gone;

t.test('what was in flight and what arrived is served, cut or gone', async (t) => {
  const { server, held, release } = createHolding();
  const coordinator = create();
  coordinator.attach(server);
  coordinator.onShutdown('database', () => {});
  const port = await listen(t, server);
  const idle = await open(t, port, request('/'));
  await once(idle.socket, 'data');
  const served = await open(t, port, request('/hold/served'));
  const leaves = await open(t, port, request('/hold/leaves'));
  await until(() => held.length === 2);
  const done = coordinator.shutdown();
  idle.socket.write(request('/hold/arrived'));
  await until(() => held.length === 3);
  leaves.socket.destroy();
  await until(() => held[1]?.destroyed === true);
  release();
  t.equal(await served.ended, 'end');
  const report = await done;
  t.match(report.requests, { inFlight: 2, arrived: 1, served: 2, cut: 0, gone: 1 });
  t.equal(left(report), right(report));
  coordinator.dispose();
});

t.test('a request that is pipelined behind one that is cut counts as well', async (t) => {
  const { server, held } = createHolding();
  const coordinator = create();
  coordinator.attach(server);
  const port = await listen(t, server);
  await open(t, port, request('/hold/1') + request('/hold/2'));
  await until(() => held.length === 2);
  const report = await coordinator.shutdown();
  t.match(report.requests, { inFlight: 2, arrived: 0, served: 0, cut: 2, gone: 0 });
  coordinator.dispose();
});

t.test('HTTP/2 streams: served, reset by the client, and cut', async (t) => {
  const server = createHttp2Server().on('stream', (stream, headers) => {
    stream.on('error', () => {});
    if (headers[':path'] === '/now') setTimeout(() => stream.end('ok'), 200);
  });
  const coordinator = create();
  coordinator.attach(server);
  const port = await listen(t, server);
  const client = connectHttp2(`http://127.0.0.1:${port}`).on('error', () => {});
  const streams = ['/now', '/leaves', '/hold'].map((path) => client.request({ ':path': path }));
  for (const stream of streams) stream.on('error', () => {}).resume();
  await until(() => coordinator.stats().inFlight === 3);
  const done = coordinator.shutdown();
  streams[1]?.close(8);
  const report = await done;
  t.match(report.requests, { inFlight: 3, served: 1, cut: 1, gone: 1 });
  t.equal(left(report), right(report));
  client.destroy();
  coordinator.dispose();
});

t.test('a server whose requestTimeout ends a request', async (t) => {
  const server = createServer({ connectionsCheckingInterval: 50, headersTimeout: 300, requestTimeout: 400 });
  server.on('request', (incoming) => incoming.resume());
  const coordinator = create();
  coordinator.attach(server);
  const port = await listen(t, server);
  await open(t, port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo');
  await until(() => coordinator.stats().inFlight === 1);
  const report = await coordinator.shutdown();
  t.match(report.requests, { inFlight: 1, arrived: 0, served: 0, cut: 0, gone: 1 });
  coordinator.dispose();
});
