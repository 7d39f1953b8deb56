// How many requests per second does an adapter cost while nothing is shutting down?
//   npm run bench -- adapters [--rounds 8] [--seconds 5] [--connections 50] [--quick] [--node PATH]
import { fileURLToPath } from 'node:url';
import type { Load } from './helpers/autocannon-run.ts';
import { startChild, type Child } from './helpers/child.ts';
import { onServerCore, pinned, printHeader, printLoad } from './helpers/machine.ts';
import { formatNumber, formatTime, median, medianInterval } from './helpers/numbers.ts';
import { readOptions } from './helpers/options.ts';
import { processorTime } from './helpers/processor-time.ts';
import { printProgress, printTable } from './helpers/table.ts';

interface Run {
  readonly rate: number;
  /** Milliseconds. */
  readonly p99: number;
}

/** One server before the other as often as after it, each twice; then both at the same moment on the same core. */
interface Round {
  readonly plain: readonly [Run, Run];
  readonly graceful: readonly [Run, Run];
  /** Requests per second of processor time, graceful to plain. NaN where nothing tells. */
  readonly efficiency: number;
}

const TARGET = 0.99;
const WARM_UP = 2;
const frameworks = ['fastify', 'express'] as const;

const { rounds, seconds, connections, node } = readOptions({
  rounds: [8, 2],
  seconds: [5, 2],
  connections: [50, 50],
});
printHeader('adapters: requests per second with the adapter and without it', node);
if (!pinned) console.log('Servers and clients share their cores: expect more noise.');

let met = true;
for (const framework of frameworks) {
  const results: Round[] = [];
  for (let round = 0; round < rounds; round += 1) {
    printProgress(`${framework}, round ${round + 1} of ${rounds}`);
    results.push(await measure(framework, round % 2 === 1));
  }
  printProgress('');
  met = printResults(framework, results) && met;
}
printLoad('at the end');
if (!met) process.exitCode = 1;

/** New servers in each round: one program compiles differently from start to start, and that is noise too. */
async function measure(framework: string, swapped: boolean): Promise<Round> {
  const plain = await start(framework, 'plain');
  const graceful = await start(framework, 'graceful');
  try {
    const [first, second] = swapped ? [graceful, plain] : [plain, graceful];
    await loadAll([first, second], WARM_UP);
    const a = await load(first, seconds);
    const b = await load(second, seconds);
    const bb = await load(second, seconds);
    const aa = await load(first, seconds);
    const efficiency = await compare(plain, graceful);
    return swapped
      ? { plain: [b, bb], graceful: [a, aa], efficiency }
      : { plain: [a, aa], graceful: [b, bb], efficiency };
  } finally {
    await Promise.all([plain.end(), graceful.end()]);
  }
}

type Server = Child & { readonly url: string };

async function start(framework: string, kind: string): Promise<Server> {
  const program = fileURLToPath(new URL('adapters-server.js', import.meta.url));
  const child = startChild(onServerCore([node, program, framework, kind]));
  const [url] = await child.find(/http:\/\/127\.0\.0\.1:\d+/);
  return { ...child, url };
}

async function load(server: Server, duration: number): Promise<Run> {
  const [result] = await loadAll([server], duration);
  if (result === undefined) throw new Error(`no result for ${server.url}`);
  return { rate: result.requests / result.seconds, p99: result.p99 };
}

async function loadAll(servers: readonly Server[], duration: number): Promise<readonly Load[]> {
  const program = fileURLToPath(new URL('helpers/autocannon-run.js', import.meta.url));
  const urls = servers.map(({ url }) => url);
  const child = startChild([process.execPath, program, String(connections), String(duration), ...urls]);
  try {
    const [line] = await child.find(/^\[.*\]$/m, duration * 1_000 + 20_000);
    return JSON.parse(line) as Load[];
  } finally {
    await child.end();
  }
}

/** What other programs take from the two, they take from both alike. */
async function compare(plain: Server, graceful: Server): Promise<number> {
  const servers = [plain, graceful];
  const before = servers.map(processorTime);
  const loads = await loadAll(servers, seconds);
  const [one = NaN, other = NaN] = servers.map(
    (server, index) => (loads[index]?.requests ?? NaN) / (processorTime(server) - (before[index] ?? NaN)),
  );
  return other / one;
}

/** Whether the adapter keeps within the target, and its p99 within the band of the plain server's own. */
function printResults(framework: string, results: readonly Round[]): boolean {
  const mean = (runs: readonly [Run, Run], key: keyof Run): number => (runs[0][key] + runs[1][key]) / 2;
  const ratios = results.map(({ plain, graceful }) => mean(graceful, 'rate') / mean(plain, 'rate'));
  // The same server twice: what lies between its runs is noise.
  const noise = results.map(({ plain: [one, two] }) => two.rate / one.rate);
  printTable(
    [`${framework}: round`, 'plain/s', 'graceful/s', 'ratio', 'noise', 'CPU', 'p99 plain', 'p99 graceful'],
    results.map(({ plain, graceful, efficiency }, index) => [
      String(index + 1),
      formatNumber(mean(plain, 'rate')),
      formatNumber(mean(graceful, 'rate')),
      formatNumber(ratios[index] ?? NaN, 4),
      formatNumber(noise[index] ?? NaN, 4),
      formatNumber(efficiency, 4),
      formatTime(mean(plain, 'p99')),
      formatTime(mean(graceful, 'p99')),
    ]),
  );
  const { low, high } = medianInterval(ratios);
  const ratio = median(ratios);
  const perSecond = results.map(({ efficiency }) => efficiency);
  const cpu = medianInterval(perSecond);
  console.log(
    `${framework}: requests per CPU second, median ratio ${formatNumber(median(perSecond), 4)} ` +
      `(95 % interval ${formatNumber(cpu.low, 4)} – ${formatNumber(cpu.high, 4)}), both servers at once on one core.`,
  );
  const plain = results.flatMap((round) => round.plain.map(({ p99 }) => p99));
  const p99 = median(results.flatMap((round) => round.graceful.map((run) => run.p99)));
  const [least, most] = [Math.min(...plain), Math.max(...plain)];
  const interval = `95 % interval ${formatNumber(low, 4)} – ${formatNumber(high, 4)}`;
  console.log(
    `${framework}: median ratio ${formatNumber(ratio, 4)} (${interval}), target at least ${TARGET}.`,
  );
  console.log(
    `${framework}: p99 ${formatTime(p99)} (median), the plain server’s ${formatTime(median(plain))}, ` +
      `of which the runs lie between ${formatTime(least)} and ${formatTime(most)}.`,
  );
  return ratio >= TARGET && p99 <= most;
}
