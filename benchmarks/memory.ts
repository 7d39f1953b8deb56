// What does an open connection cost to be tracked?
//   npm run bench -- memory [--connections 10000] [--runs 5] [--quick] [--node PATH]
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { startChild, type Child } from './helpers/child.ts';
import { request } from './helpers/client.ts';
import { within } from './helpers/clock.ts';
import { onServerCore, printHeader, printLoad } from './helpers/machine.ts';
import type { Memory } from './helpers/memory-server.ts';
import { formatNumber, median } from './helpers/numbers.ts';
import { readOptions } from './helpers/options.ts';
import type { Kind } from './helpers/server.ts';
import { printProgress, printTable } from './helpers/table.ts';
import { printRow } from './helpers/targets.ts';

const AT_ONCE = 100;
const LIMIT_MS = 120_000;

const { connections, runs, node } = readOptions({ connections: [10_000, 10_000], runs: [5, 2] });
printHeader('memory: heap for each idle keep-alive connection, after one request on it', node);

const results: Readonly<Record<Kind, Memory>>[] = [];
for (let run = 0; run < runs; run += 1) {
  printProgress(`run ${run + 1} of ${runs}`);
  results.push({ plain: await measure('plain'), graceful: await measure('graceful') });
}
printProgress('');
printResults();
printLoad('at the end');

/** Bytes per connection. */
async function measure(kind: Kind): Promise<Memory> {
  const program = fileURLToPath(new URL('helpers/memory-server.js', import.meta.url));
  const server = startChild(onServerCore([node, '--expose-gc', program, kind]), { ipc: true });
  const sockets: Socket[] = [];
  try {
    const [, port] = await server.find(/^port (\d+)$/m);
    // What the first connections leave behind is no cost of the others.
    await open(Number(port), AT_ONCE, sockets);
    const before = await askMemory(server);
    await within(open(Number(port), connections, sockets), LIMIT_MS, `${connections} connections`);
    const after = await askMemory(server);
    const each = (key: keyof Memory): number => (after[key] - before[key]) / connections;
    return { heapUsed: each('heapUsed'), external: each('external') };
  } finally {
    await server.end();
    for (const socket of sockets) socket.destroy();
  }
}

async function open(port: number, count: number, sockets: Socket[]): Promise<void> {
  for (let left = count; left > 0; left -= AT_ONCE) {
    const batch = Array.from({ length: Math.min(left, AT_ONCE) }, () => request(port, '/', 'hello\n'));
    for (const { socket } of await Promise.all(batch)) sockets.push(socket);
  }
}

async function askMemory(server: Child): Promise<Memory> {
  const answer = once(server.process, 'message');
  server.process.send?.('measure');
  const [memory] = (await within(answer, 30_000, 'an answer of the server')) as [Memory];
  return memory;
}

function printResults(): void {
  const heap = results.map(({ plain, graceful }) => graceful.heapUsed - plain.heapUsed);
  const external = results.map(({ plain, graceful }) => graceful.external - plain.external);
  const rows = results.map(({ plain, graceful }, index) => [
    String(index + 1),
    formatNumber(plain.heapUsed),
    formatNumber(graceful.heapUsed),
    formatNumber(heap[index] ?? NaN, 1),
    formatNumber(external[index] ?? NaN, 1),
  ]);
  printTable(['run', 'plain: heap', 'graceful: heap', 'tracking: heap', 'outside of the heap'], rows);
  console.log(
    `Bytes for each of ${formatNumber(connections)} connections, counted after garbage collection.`,
  );
  printRow('heap', `${formatNumber(median(heap), 1)} bytes (median of ${runs} runs)`);
}
