import { fileURLToPath } from 'node:url';
import type { Load } from './autocannon-run.ts';
import { startChild, type Child } from './child.ts';
import { processorTime } from './processor-time.ts';
import type { Kind } from './server.ts';
import { printProgress } from './table.ts';

/** `control` is a plain server as well: what is between those two is noise, and their mean has less of it. */
export const names = ['plain', 'graceful', 'control'] as const;
export type Name = (typeof names)[number];

export interface Run {
  /** Requests per second, alone. */
  readonly alone: number;
  /** Milliseconds, alone. */
  readonly p99: number;
  /** Requests per second, with the other two under the same load on the same core. */
  readonly together: number;
  /** Requests per second of processor time, meanwhile. NaN where that cannot be read. */
  readonly efficiency: number;
  /** The processor time of a second, meanwhile. */
  readonly share: number;
}

export type Round = Readonly<Record<Name, Run>>;

export interface SteadyOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
}

export type SteadyServer = Child & { readonly url: string };

const WARM_UP_SECONDS = 2;

/** Each server as often before another one as after it. */
const orders: readonly (readonly Name[])[] = [
  ['plain', 'graceful', 'control'],
  ['control', 'graceful', 'plain'],
  ['graceful', 'plain', 'control'],
  ['control', 'plain', 'graceful'],
  ['graceful', 'control', 'plain'],
  ['plain', 'control', 'graceful'],
];

/** Runs autocannon against three servers, one by one and then all at once, over and over. */
export async function measureSteadyState(
  title: string,
  options: SteadyOptions,
  start: (kind: Kind, name: Name) => Promise<SteadyServer>,
): Promise<readonly Round[]> {
  const results: Round[] = [];
  for (let round = 0; round < options.rounds; round += 1) {
    printProgress(`${title}, round ${round + 1} of ${options.rounds}`);
    results.push(await measureRound(orders[round % orders.length] ?? names, options, start));
  }
  printProgress('');
  return results;
}

/** New servers in each round: one program compiles differently from start to start, and that is noise too. */
async function measureRound(
  order: readonly Name[],
  { seconds, connections }: SteadyOptions,
  start: (kind: Kind, name: Name) => Promise<SteadyServer>,
): Promise<Round> {
  const servers: SteadyServer[] = [];
  try {
    for (const name of order) servers.push(await start(name === 'graceful' ? 'graceful' : 'plain', name));
    await load(servers, connections, WARM_UP_SECONDS);
    const alone: Load[] = [];
    for (const server of servers) alone.push(...(await load([server], connections, seconds)));
    const before = servers.map(processorTime);
    const together = await load(servers, connections, 2 * seconds);
    const runs = servers.map((server, index): [Name | undefined, Run] => {
      const busy = processorTime(server) - (before[index] ?? NaN);
      const one = alone[index];
      const all = together[index];
      const run = {
        alone: rate(one),
        p99: one?.p99 ?? NaN,
        together: rate(all),
        efficiency: (all?.requests ?? NaN) / busy,
        share: busy / (all?.seconds ?? NaN),
      };
      return [order[index], run];
    });
    return Object.fromEntries(runs) as Record<Name, Run>;
  } finally {
    await Promise.all(servers.map((server) => server.end()));
  }
}

async function load(
  servers: readonly SteadyServer[],
  connections: number,
  duration: number,
): Promise<readonly Load[]> {
  const program = fileURLToPath(new URL('autocannon-run.js', import.meta.url));
  const urls = servers.map(({ url }) => url);
  const child = startChild([process.execPath, program, String(connections), String(duration), ...urls]);
  try {
    const [line] = await child.find(/^\[.*\]$/m, duration * 1_000 + 20_000);
    return JSON.parse(line) as Load[];
  } finally {
    await child.end();
  }
}

function rate(load: Load | undefined): number {
  return load === undefined ? NaN : load.requests / load.seconds;
}
