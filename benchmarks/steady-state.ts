// How many requests per second does the coordinator cost while nothing is shutting down?
//   npm run bench -- steady-state [--rounds 12] [--seconds 5] [--connections 50] [--quick] [--node PATH]
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startChild } from './helpers/child.ts';
import { pinned, printHeader, printLoad } from './helpers/machine.ts';
import { formatNumber, formatTime, median, medianInterval, percentile } from './helpers/numbers.ts';
import { readOptions } from './helpers/options.ts';
import { startServer, type Server } from './helpers/server.ts';
import { printProgress, printTable } from './helpers/table.ts';

/** What `helpers/autocannon-run.ts` prints. */
interface Load {
  readonly requests: number;
  readonly seconds: number;
  readonly errors: number;
  /** Milliseconds. */
  readonly p99: number;
}

interface Run extends Load {
  readonly rate: number;
  /** Processor time of the server in microseconds per request, or NaN where nothing tells. */
  readonly cpu: number;
}

const TARGET = 0.99;
const WARM_UP = 2;

/** `control` is a plain server as well: what is between those two is noise. */
const names = ['plain', 'graceful', 'control'] as const;
type Name = (typeof names)[number];
type Round = Readonly<Record<Name, Run>>;

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
printResults();
printLoad('at the end');

/** New servers in each round: one program compiles differently from start to start, and that is noise too. */
async function measureRound(order: readonly Name[]): Promise<Round> {
  const servers = new Map<Name, Server>();
  try {
    for (const name of order) {
      const server = await startServer(name === 'graceful' ? 'graceful' : 'plain', node);
      servers.set(name, server);
      await run(server, WARM_UP);
    }
    const runs = new Map<Name, Run>();
    for (const [name, server] of servers) runs.set(name, await run(server, seconds));
    return Object.fromEntries(runs) as Record<Name, Run>;
  } finally {
    await Promise.all([...servers.values()].map((server) => server.end()));
  }
}

async function run(server: Server, duration: number): Promise<Run> {
  const program = fileURLToPath(new URL('helpers/autocannon-run.js', import.meta.url));
  const url = `http://127.0.0.1:${server.port}/`;
  const before = processorTime(server.pid);
  const child = startChild([process.execPath, program, url, String(connections), String(duration)]);
  try {
    const [line] = await child.find(/^\{.*\}$/m, duration * 1_000 + 20_000);
    const cpuTime = processorTime(server.pid) - before;
    const load = JSON.parse(line) as Load;
    if (load.errors > 0) throw new Error(`${load.errors} requests failed`);
    return { ...load, rate: load.requests / load.seconds, cpu: cpuTime / load.requests };
  } finally {
    await child.end();
  }
}

/** Microseconds that all threads of a process have run. Time that other processes took away is not in it. */
function processorTime(pid: number): number {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`);
    const times = tasks.map((task) =>
      Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1').split(' ')[0]),
    );
    return times.reduce((sum, time) => sum + time, 0) / 1_000;
  } catch {
    return NaN;
  }
}

function printResults(): void {
  const ratio = (round: Round, name: Name, key: 'rate' | 'cpu'): number =>
    round[name][key] / round.plain[key];
  const rows = results.map((round, index) => [
    String(index + 1),
    ...names.map((name) => formatNumber(round[name].rate)),
    formatNumber(ratio(round, 'graceful', 'rate'), 4),
    formatNumber(ratio(round, 'control', 'rate'), 4),
    ...names.map((name) => formatTime(round[name].p99)),
    formatNumber(1 / ratio(round, 'graceful', 'cpu'), 4),
    formatNumber(1 / ratio(round, 'control', 'cpu'), 4),
  ]);
  const rates = names.map((name) => `${name}/s`);
  printTable(
    [
      'round',
      ...rates,
      'graceful',
      'control',
      ...names.map((name) => `p99 ${name}`),
      'CPU graceful',
      'CPU control',
    ],
    rows,
  );

  const summary = (title: string, name: Name, key: 'rate' | 'cpu'): string[] => {
    const ratios = results.map((round) =>
      key === 'rate' ? ratio(round, name, key) : 1 / ratio(round, name, key),
    );
    const { low, high } = medianInterval(ratios);
    const digits = (value: number): string => formatNumber(value, 4);
    return [
      title,
      String(rounds),
      digits(median(ratios)),
      `${digits(low)} – ${digits(high)}`,
      `${digits(Math.min(...ratios))} – ${digits(Math.max(...ratios))}`,
    ];
  };
  printTable(
    ['against the plain server', 'rounds', 'median', '95 % interval', 'lowest – highest'],
    [
      summary('requests/s, graceful', 'graceful', 'rate'),
      summary('requests/s, plain once more (noise)', 'control', 'rate'),
      summary('requests per CPU second, graceful', 'graceful', 'cpu'),
      summary('requests per CPU second, plain once more (noise)', 'control', 'cpu'),
    ],
  );
  for (const name of names) {
    const p99 = results.map((round) => round[name].p99);
    const cpu = results.map((round) => round[name].cpu);
    console.log(
      `${name.padEnd(8)}  p99 latency ${formatTime(median(p99))} (median), ${formatTime(percentile(p99, 100))} (highest); ` +
        `${formatNumber(median(cpu), 2)} µs of CPU per request`,
    );
  }
  console.log(
    `${connections} keep-alive connections, ${seconds} s each after ${WARM_UP} s of warm-up. Target: a median of at least ${TARGET}.`,
  );
}
