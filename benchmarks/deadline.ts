// How long does a process outlive `timeout` when a connection refuses to end?
//   npm run bench -- deadline [--runs 8] [--quick] [--node PATH]
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { startChild, type Child } from './helpers/child.ts';
import { now, sleep } from './helpers/clock.ts';
import { onServerCore, printHeader, printLoad } from './helpers/machine.ts';
import { formatTime, median } from './helpers/numbers.ts';
import { readOptions } from './helpers/options.ts';
import { printProgress, printTable } from './helpers/table.ts';

interface Situation {
  readonly name: string;
  /** A program of test/fixtures; `setup` is its argument. */
  readonly server: 'connections/server' | 'connections/websocket' | 'connections/raw' | 'cluster/server';
  readonly setup?: Readonly<Record<string, unknown>>;
  /** Opens the connection. Returns what closes it. */
  readonly open: (port: number, child: Child) => () => void;
}

const TARGET_MS = 100;
/** Connections are cut 1 ms before the deadline: nothing is left of the time for cleanup. */
const options = { timeout: 1_000, cleanupTimeout: 1, keepAliveGrace: 100 };

const flood = 'GET /flood HTTP/1.1\r\nHost: a\r\n\r\n';
const slow = 'GET /slow?ms=60000 HTTP/1.1\r\nHost: a\r\n\r\n';
const upgrade = [
  'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
].join('\r\n');
/** The beginning of a record of 512 bytes. */
const clientHello = Buffer.from([22, 3, 1, 2, 0, 1]);

const tcp = (bytes: string | Buffer) => (port: number) => hold(connect(port, '127.0.0.1'), bytes);
const tls = (bytes: string) => (port: number) =>
  hold(connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }), bytes);

const situations: readonly Situation[] = [
  { name: 'none, to compare', server: 'connections/server', open: () => () => {} },
  { name: 'a client that never reads', server: 'connections/server', open: tcp(flood) },
  { name: 'the same over TLS', server: 'connections/server', setup: { kind: 'https' }, open: tls(flood) },
  { name: 'a head that never ends', server: 'connections/server', open: tcp('GET / HTTP/1.1\r\nHost: ') },
  {
    name: 'a TLS handshake that stops half-way',
    server: 'connections/server',
    setup: { kind: 'https' },
    open: tcp(clientHello),
  },
  { name: 'an HTTP/2 stream', server: 'connections/server', setup: { kind: 'h2c' }, open: openStream },
  { name: 'a WebSocket without a Close', server: 'connections/websocket', open: tcp(upgrade) },
  { name: 'a raw socket', server: 'connections/raw', open: tcp('hello') },
  { name: 'a request to a worker of a cluster', server: 'cluster/server', open: tcp(slow) },
  { name: 'a worker that is stopped (SIGSTOP)', server: 'cluster/server', open: stopWorker },
];

const { runs, node } = readOptions({ runs: [8, 2] });
printHeader('deadline: from the end of `timeout` to the end of the process', node);

const results = situations.map((situation) => ({ situation, over: [] as number[] }));
for (let run = 0; run < runs; run += 1) {
  printProgress(`run ${run + 1} of ${runs}`);
  for (const { situation, over } of results) over.push(await measure(situation));
}
printProgress('');
printTable(
  ['connection', 'runs', 'median', 'longest'],
  results.map(({ situation, over }) => [
    situation.name,
    String(over.length),
    ...[median(over), Math.max(...over)].map(formatTime),
  ]),
);
console.log(
  `timeout ${options.timeout} ms, cut ${options.cleanupTimeout} ms before. Target: none is there ${TARGET_MS} ms after it.`,
);
console.log('Below 0: it ended sooner. A handler that has hold of the event loop would add its own time.');
printLoad('at the end');

async function measure({ name, server, setup, open }: Situation): Promise<number> {
  const program = fileURLToPath(new URL(`../test/fixtures/${server}.js`, import.meta.url));
  const child = startChild(
    onServerCore([node, program, JSON.stringify({ kind: 'http', ...setup, options })]),
    { env: { WORKERS: '2', OPTIONS: JSON.stringify(options) } },
  );
  try {
    const [, port] = await child.find(/^(?:ready |listening on http:.*:)(\d+)$/m);
    const close = open(Number(port), child);
    await sleep(200);
    const signalledAt = now();
    process.kill(child.pid, 'SIGTERM');
    const { at, signal } = await child.exited;
    close();
    if (signal !== null) throw new Error(`${name}: ${signal}`);
    return at - signalledAt - options.timeout;
  } finally {
    await child.end();
  }
}

/** Sends something and never reads what comes. */
function hold(socket: Socket, bytes: string | Buffer): () => void {
  socket.on('error', () => {});
  socket.pause();
  socket.write(bytes);
  return () => socket.destroy();
}

function openStream(port: number): () => void {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  session.request({ ':path': '/hang' }).on('error', () => {});
  return () => session.destroy();
}

function stopWorker(_port: number, child: Child): () => void {
  process.kill(Number(/^worker (\d+)$/m.exec(child.stdout())?.[1]), 'SIGSTOP');
  return () => {};
}
