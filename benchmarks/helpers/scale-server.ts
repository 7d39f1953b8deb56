// A server with very many connections: scale-server.js plain|graceful http|websocket|http2 OPTIONS, with an IPC
// channel. From the message `begin` on it measures itself, and writes what it measured as its last line.
import { writeSync } from 'node:fs';
import {
  createServer,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Session } from 'node:http2';
import type { Server } from 'node:net';
import { createCoordinator, type ShutdownCoordinator } from '@graceful-cluster/core';
import { WebSocketServer } from 'ws';

export interface Measured {
  /** Milliseconds of processor time. */
  readonly cpu: number;
  /** The same in the second after the first, when all that the signal set off is done. */
  readonly waiting: number;
  /** Longest time between two turns of the event loop, in milliseconds. */
  readonly block: number;
  /** Most processor time in one turn: unlike `block` it says the same on a machine that does other things as well. */
  readonly turn: number;
  /** Bytes of the report as JSON. */
  readonly report: number;
  /** Milliseconds that `stats()` took before the signal: the longest, and the mean of those in one second. */
  readonly stats: number;
  readonly statsMean: number;
  /** Milliseconds of the shortest look at handshakes in progress; NaN for a plain server. */
  readonly handshakes: number;
}

/** Not public: what the seal asks the kernel. */
const native = String(new URL('../../../packages/core/dist/kernel/system-calls.js', import.meta.url));
const { loadSystemCalls } = (await import(native)) as {
  loadSystemCalls: () => { readonly calls?: { readonly synReceived: (port: number) => number } };
};

const [mode = 'plain', kind = 'http', options = '{}'] = process.argv.slice(2);
const { timeout, cleanupTimeout } = JSON.parse(options) as { timeout: number; cleanupTimeout: number };

type Answer = Pick<ServerResponse, 'writeHead' | 'flushHeaders' | 'end'>;

function answer(request: IncomingMessage, response: Answer): void {
  const [, ms] = /^\/slow\?ms=(\d+)$/.exec(request.url ?? '') ?? [];
  if (ms !== undefined) {
    response.writeHead(200, { 'content-length': 5 });
    response.flushHeaders();
    setTimeout(() => response.end('slow\n'), Number(ms));
  } else if (request.url !== '/hang') response.end('hello\n');
}

const sessions = new Set<ServerHttp2Session>();
const server: Server =
  kind === 'http2'
    ? createHttp2Server((request, response) =>
        answer(request as unknown as IncomingMessage, response as unknown as Answer),
      )
    : createServer({ keepAliveTimeout: 600_000 }, answer);
server.on('session', (session: ServerHttp2Session) => sessions.add(session));
const websockets = kind === 'websocket' ? new WebSocketServer({ server: server as HttpServer }) : undefined;

const nothing = (): void => {};
const quiet = { debug: nothing, info: nothing, warn: nothing, error: nothing };
let coordinator: ShutdownCoordinator | undefined;
let report = 0;
if (mode === 'graceful') {
  coordinator = createCoordinator({ timeout, cleanupTimeout, logger: quiet });
  coordinator.attach(server);
  coordinator.on('stopped', (given) => {
    report = JSON.stringify(given).length;
  });
} else {
  process.on('SIGTERM', stop);
}

/** What a program does that was written with care, and without a library. */
function stop(): void {
  server.close();
  for (const session of sessions) session.close();
  for (const websocket of websockets?.clients ?? []) websocket.close(1_001);
  setTimeout(() => {
    (server as Partial<HttpServer>).closeAllConnections?.();
    for (const session of sessions) session.destroy();
    for (const websocket of websockets?.clients ?? []) websocket.terminate();
  }, timeout - cleanupTimeout).unref();
}

/** Loopback addresses have a port range each. */
server.listen(0, '0.0.0.0', 4_096, () => {
  const address = server.address();
  console.log(`port ${typeof address === 'object' ? address?.port : address}`);
});

process.once('message', () => {
  const figures = { ...measureStats(), handshakes: measureHandshakes() };
  let before = process.cpuUsage();
  let last = performance.now();
  let block = 0;
  let used = threadTime();
  let turn = 0;
  let waiting = NaN;
  const since = (): number => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  };
  const tick = (): void => {
    const time = performance.now();
    block = Math.max(block, time - last);
    last = time;
    const now = threadTime();
    turn = Math.max(turn, now - used);
    used = now;
  };
  setInterval(tick, 1).unref();
  const from = since;
  setTimeout(() => {
    const first = from();
    setTimeout(() => {
      waiting = from() - first;
    }, 1_000).unref();
  }, 500).unref();
  process.on('exit', () => {
    tick();
    writeSync(1, `measured ${JSON.stringify({ cpu: since(), waiting, block, turn, report, ...figures })}\n`);
  });
  before = process.cpuUsage();
  process.send?.('begun', () => process.disconnect());
});

/** Milliseconds of processor time of this thread, or of the process where Node cannot tell (Node 20). */
function threadTime(): number {
  const thread = process as { threadCpuUsage?: () => NodeJS.CpuUsage };
  const { user, system } = thread.threadCpuUsage?.() ?? process.cpuUsage();
  return (user + system) / 1_000;
}

/** What the seal asks the kernel once it is on, as core does it itself. */
function measureHandshakes(): number {
  const { calls } = loadSystemCalls();
  const address = server.address();
  if (coordinator === undefined || calls === undefined || typeof address !== 'object') return NaN;
  const times = Array.from({ length: 5 }, () => {
    const start = performance.now();
    calls.synReceived(address?.port ?? 0);
    return performance.now() - start;
  });
  return Math.min(...times);
}

function measureStats(): Pick<Measured, 'stats' | 'statsMean'> {
  if (coordinator === undefined) return { stats: 0, statsMean: 0 };
  const until = performance.now() + 200;
  let stats = 0;
  let count = 0;
  let sum = 0;
  coordinator.stats();
  while (performance.now() < until) {
    const start = performance.now();
    coordinator.stats();
    const took = performance.now() - start;
    stats = Math.max(stats, took);
    sum += took;
    count += 1;
  }
  return { stats, statsMean: sum / count };
}
