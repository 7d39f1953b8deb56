// How many requests per second does the coordinator cost while nothing is shutting down?
//   npm run bench -- steady-state [--rounds 12] [--seconds 5] [--connections 50] [--quick] [--node PATH]
import { fileURLToPath } from 'node:url';
import type { Load } from './helpers/autocannon-run.ts';
import { startChild } from './helpers/child.ts';
import { pinned, printHeader, printLoad } from './helpers/machine.ts';
import { formatNumber, formatTime, median, medianInterval } from './helpers/numbers.ts';
import { readOptions } from './helpers/options.ts';
import { processorTime } from './helpers/processor-time.ts';
import { startServer, type Server } from './helpers/server.ts';
import { printProgress, printTable } from './helpers/table.ts';

/** `control` is a plain server as well: what is between those two is noise, and their mean has less of it. */
const names = ['plain', 'graceful', 'control'] as const;
type Name = (typeof names)[number];

interface Run {
  /** Requests per second, alone. */
  readonly rate: number;
  /** Milliseconds, alone. */
  readonly p99: number;
  /** Requests per second of processor time, with the other two at work. NaN where nothing tells. */
  readonly efficiency: number;
}

type Round = Readonly<Record<Name, Run>>;

const TARGET = 0.99;
const WARM_UP = 2;

/** Each server as often before another one as after it. */
const orders: readonly (readonly Name[])[] = [
  ['plain', 'graceful', 'control'],
  ['control', 'graceful', 'plain'],
  ['graceful', 'plain', 'control'],
  ['control', 'plain', 'graceful'],
  ['graceful', 'control', 'plain'],
  ['plain', 'control', 'graceful'],
];

const { rounds, seconds, connections, node } = readOptions({
  rounds: [12, 2],
  seconds: [5, 2],
  connections: [50, 50],
});
printHeader('steady-state: requests per second with the coordinator and without it', node);
if (!pinned) console.log('Servers and clients share their cores: expect more noise.');

const results: Round[] = [];
for (let round = 0; round < rounds; round += 1) {
  printProgress(`round ${round + 1} of ${rounds}`);
  results.push(await measureRound(orders[round % orders.length] ?? names));
}
printProgress('');
printRounds();
printSummary();
printLoad('at the end');

/** New servers in each round: one program compiles differently from start to start, and that is noise too. */
async function measureRound(order: readonly Name[]): Promise<Round> {
  const servers: Server[] = [];
  try {
    for (const name of order)
      servers.push(await startServer(name === 'graceful' ? 'graceful' : 'plain', node));
    await load(servers, WARM_UP);
    const alone: Load[] = [];
    for (const server of servers) alone.push(...(await load([server], seconds)));
    const before = servers.map(processorTime);
    const together = await load(servers, 2 * seconds);
    const runs = servers.map((server, index): [Name | undefined, Run] => {
      const { requests = NaN, seconds = NaN, p99 = NaN } = alone[index] ?? {};
      const busy = processorTime(server) - (before[index] ?? NaN);
      return [
        order[index],
        { rate: requests / seconds, p99, efficiency: (together[index]?.requests ?? NaN) / busy },
      ];
    });
    return Object.fromEntries(runs) as Record<Name, Run>;
  } finally {
    await Promise.all(servers.map((server) => server.end()));
  }
}

async function load(servers: readonly Server[], duration: number): Promise<Load[]> {
  const program = fileURLToPath(new URL('helpers/autocannon-run.js', import.meta.url));
  const urls = servers.map(({ port }) => `http://127.0.0.1:${port}/`);
  const child = startChild([process.execPath, program, String(connections), String(duration), ...urls]);
  try {
    const [line] = await child.find(/^\[.*\]$/m, duration * 1_000 + 20_000);
    return JSON.parse(line) as Load[];
  } finally {
    await child.end();
  }
}

/** The graceful server to the mean of both plain ones, or one of those to the other. */
function ratios(key: 'rate' | 'efficiency', name: 'graceful' | 'control'): number[] {
  return results.map(({ plain, control, graceful }) =>
    name === 'control' ? control[key] / plain[key] : (2 * graceful[key]) / (plain[key] + control[key]),
  );
}

function printRounds(): void {
  const columns = [ratios('rate', 'graceful'), ratios('rate', 'control')];
  columns.push(ratios('efficiency', 'graceful'), ratios('efficiency', 'control'));
  const rows = results.map((round, index) => [
    String(index + 1),
    ...names.map((name) => formatNumber(round[name].rate)),
    ...names.map((name) => formatTime(round[name].p99)),
    ...columns.map((column) => formatNumber(column[index] ?? NaN, 4)),
  ]);
  const titles = names.flatMap((name) => `${name}/s`).concat(names.map((name) => `p99 ${name}`));
  printTable(['round', ...titles, 'graceful', 'control', 'CPU graceful', 'CPU control'], rows);
}

function printSummary(): void {
  const summarise = (title: string, values: readonly number[]): string[] => {
    const { low, high } = medianInterval(values);
    const [middle, from, to, least, most] = [
      median(values),
      low,
      high,
      Math.min(...values),
      Math.max(...values),
    ].map((value) => formatNumber(value, 4));
    return [title, String(rounds), String(middle), `${from} – ${to}`, `${least} – ${most}`];
  };
  printTable(
    ['ratio to the plain servers', 'rounds', 'median', '95 % interval', 'lowest – highest'],
    [
      summarise('requests/s, graceful', ratios('rate', 'graceful')),
      summarise('requests/s, one plain to the other: noise', ratios('rate', 'control')),
      summarise('requests per CPU second, graceful', ratios('efficiency', 'graceful')),
      summarise('requests per CPU second, one plain to the other: noise', ratios('efficiency', 'control')),
    ],
  );
  const times = names.map((name) => `${formatTime(median(results.map((round) => round[name].p99)))} ${name}`);
  const costs = names.map((name) => {
    const cost = 1e6 / median(results.map((round) => round[name].efficiency));
    return `${formatNumber(cost, 2)} µs ${name}`;
  });
  console.log(`p99 latency, medians: ${times.join(', ')}.`);
  console.log(`CPU time per request, medians: ${costs.join(', ')}.`);
  console.log(
    `${connections} keep-alive connections, ${seconds} s each, twice that for CPU. Target: a median of at least ${TARGET}.`,
  );
  console.log(
    'CPU: all three servers under load at the same moment on the same core, which other programs disturb alike.',
  );
}
