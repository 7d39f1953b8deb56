// Reverse proxies inside of Node: they copy the `Connection: keep-alive` of their upstream into every response.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { countLost, runRound, type Round } from '@graceful-cluster/probe';
import { WebSocket, WebSocketServer } from 'ws';
import type { ProxySetup } from '../fixtures/connections/proxy.ts';
import { pristine, startChild, type Owner } from '../helpers/child.ts';

const program = fileURLToPath(new URL('../fixtures/connections/proxy.js', import.meta.url));
const proxies = ['middleware', 'fastify'] as const;
const SLOW_MS = 800;
/** What a stop is allowed beside its longest request, and what a busy machine may add. */
const STOP_MS = 1_200 + SLOW_MS + 2_000;
const load = { slow: 4, slowPath: `/slow?ms=${SLOW_MS}`, pipelined: 0 };

/** One that never closes a connection: what is lost is lost by the proxy. */
async function startUpstream(t: Owner): Promise<Server> {
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    if (request.url?.startsWith('/slow') === true) setTimeout(() => response.end('slow'), SLOW_MS);
    else response.end('quick');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return server;
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

async function stop(t: Owner, setup: Omit<ProxySetup, 'upstream'>, seed: number): Promise<Round> {
  const args = JSON.stringify({ ...setup, upstream: portOf(await startUpstream(t)) });
  return runRound({
    address: 'printed',
    command: [...pristine, program, args],
    load: { ...load, seed, newConnection: 16, keepAlive: 32 },
    startTimeout: 60_000,
  });
}

for (const proxy of proxies) {
  t.test(`${proxy}: a storm loses nothing`, async (t) => {
    const round = await stop(t, { proxy }, 1);
    t.equal(countLost(round.counts), 0, JSON.stringify(round.lost.slice(0, 3)));
    t.equal(round.counts.unavailable, 0, 'nobody is answered 503');
    t.ok(round.counts.answered > 50, `${round.counts.answered} are answered`);
    t.ok(round.counts.refused > 0, `${round.counts.refused} are refused`);
    t.equal(round.acceptedAfterRefusal, 0, 'nobody gets in after the first refusal');
    t.ok(round.signalToExit < STOP_MS, `after ${Math.round(round.signalToExit)} ms, and not at the deadline`);
    t.match(round, { exit: { code: 0, signal: null }, stderr: '' });
  });

  t.test(`${proxy}, plain: the load is enough to lose something`, async (t) => {
    const lost: number[] = [];
    while (lost.length < 5 && !lost.some((count) => count > 0)) {
      const { counts } = await stop(t, { proxy, graceful: false }, lost.length + 1);
      lost.push(countLost(counts));
    }
    t.ok(lost.at(-1), `${lost.join(', ')} are lost`);
  });
}

t.test('http-proxy-middleware: a WebSocket that it passes on gets Close 1001', async (t) => {
  const upstream = await startUpstream(t);
  const websockets = new WebSocketServer({ server: upstream });
  websockets.on('connection', (socket) => socket.on('message', (message) => socket.send(message)));
  const child = await startChild(t, 'connections/proxy', {
    args: [{ proxy: 'middleware', upstream: portOf(upstream) } satisfies ProxySetup],
  });
  const clients = Array.from({ length: 8 }, () => new WebSocket(`ws://127.0.0.1:${child.port}/`));
  const closed = clients.map(async (client) => (await once(client, 'close'))[0] as number);
  await Promise.all(
    clients.map(async (client) => {
      await once(client, 'open');
      client.send('hello');
      const [message] = (await once(client, 'message')) as [Buffer];
      t.equal(message.toString(), 'hello');
    }),
  );
  child.kill('SIGTERM');
  t.same(await Promise.all(closed), Array(8).fill(1_001));
  t.match(await child.exited, { code: 0, signal: null, stderr: '' });
});
