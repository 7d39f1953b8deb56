// Stops servers with an adapter again and again in the middle of a storm, single and in a cluster, and the same
// frameworks as they are usually stopped. Fails if a client lost anything, was answered 503, or got in after a refusal.
//   npm run soak:adapters -- [--rounds 100] [--plain-rounds 10] [--only fastify] [--node PATH]
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { addCounts, countLost, emptyCounts, runRound, type Round } from '@graceful-cluster/probe';
import { formatCount } from '@graceful-cluster/probe/format';
import { printTable } from './helpers/table.ts';

const storms = {
  'new connections': { newConnection: 64, keepAlive: 0, slow: 4 },
  'keep-alive': { newConnection: 0, keepAlive: 64, slow: 4 },
};

const servers = ['fastify', 'express', 'fastify-cluster', 'express-cluster'].map((name) => ({
  name,
  program: `../examples/${name}.js`,
  ours: true,
}));
const plain = ['fastify', 'express'].map((name) => ({
  name: `plain ${name}`,
  program: `../test/fixtures/adapters/plain-${name}.js`,
  ours: false,
}));

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '100' },
    'plain-rounds': { type: 'string', default: '10' },
    only: { type: 'string' },
    node: { type: 'string', default: process.execPath },
  },
});
const only = [...servers, ...plain].filter(({ name }) => values.only === undefined || name === values.only);

process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

const version = execFileSync(values.node, ['-p', 'process.version'], { encoding: 'utf8' }).trim();
console.log(`Servers under Node ${version}, clients under Node ${process.version}, on ${process.platform}.`);

const rows: string[][] = [];
for (const { name, program, ours } of only) {
  for (const [storm, load] of Object.entries(storms)) {
    const rounds: Round[] = [];
    const count = readCount(ours ? 'rounds' : 'plain-rounds');
    while (rounds.length < count) {
      const round = await stop(name, program, { ...load, seed: rounds.length + 1 });
      rounds.push(round);
      if (ours && failed(round)) describe(name, storm, round, rounds.length);
      if (rounds.length % 10 === 0) console.log(`${name}, ${storm}: ${rounds.length} of ${count}`);
    }
    rows.push(row(name, storm, rounds));
  }
}
const titles = [
  'server',
  'storm',
  'stops',
  'answered',
  'refused',
  'lost',
  '503',
  'in after refusal',
  'exit 0',
];
printTable(titles, rows);

function readCount(name: 'rounds' | 'plain-rounds'): number {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= 0) return value;
  console.error(`expected --${name} to be a whole number >= 0, got ${values[name]}`);
  return process.exit(2);
}

function stop(name: string, program: string, load: object): Promise<Round> {
  return runRound({
    address: 'printed',
    command: [values.node, fileURLToPath(new URL(program, import.meta.url))],
    load,
    startTimeout: 60_000,
    // A cluster says that it listens when its first worker does: the others need a moment more.
    warmup: name.endsWith('cluster') ? 1_200 : 400,
    loadAfterSignal: 1_500,
  });
}

function failed({ counts, exit, acceptedAfterRefusal }: Round): boolean {
  return countLost(counts) + counts.unavailable + acceptedAfterRefusal > 0 || exit.code !== 0;
}

function describe(name: string, storm: string, round: Round, number: number): void {
  process.exitCode = 1;
  const { counts, exit, lost, stderr, lag } = round;
  console.log(`${name}, ${storm}, round ${number}: ${JSON.stringify({ counts, exit, lag })}\n${stderr}`);
  for (const attempt of lost) console.log(`  ${JSON.stringify(attempt)}`);
}

function row(name: string, storm: string, rounds: readonly Round[]): string[] {
  const counts = emptyCounts();
  for (const round of rounds) addCounts(counts, round.counts);
  const letIn = rounds.reduce((sum, { acceptedAfterRefusal }) => sum + acceptedAfterRefusal, 0);
  const clean = rounds.filter(({ exit }) => exit.code === 0).length;
  const { answered, refused, unavailable } = counts;
  const numbers = [rounds.length, answered, refused, countLost(counts), unavailable, letIn, clean];
  return [name, storm, ...numbers.map(formatCount)];
}
