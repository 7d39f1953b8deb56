// Stops a server again and again under saturating load, and accounts for every client. Fails on the first thing lost.
//   npm run soak -- --rounds 200 [--server examples/graceful-server] [--plain-rounds 20] [--node PATH] [--group]
import { execFileSync } from 'node:child_process';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  addCounts,
  countAttempts,
  countLost,
  emptyCounts,
  formatCount,
  formatTime,
  outcomes,
  renderTable,
  runRound,
  type Round,
} from '@graceful-cluster/probe';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    server: { type: 'string', default: 'examples/graceful-server' },
    'plain-rounds': { type: 'string', default: '20' },
    node: { type: 'string', default: process.execPath },
    group: { type: 'boolean', default: false },
  },
});

const plainCount = readCount('plain-rounds', 0);
const count = readCount('rounds', 1);
const load = { newConnection: 64, keepAlive: 64, slow: 4 };

process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

const version = execFileSync(values.node, ['-p', 'process.version'], { encoding: 'utf8' }).trim();
console.log(`Servers under Node ${version}, clients under Node ${process.version}, on ${process.platform}.`);

const plain = await soak('examples/plain-server', plainCount);
const rounds = await soak(values.server, count);

const rows = [
  { name: `plain-server, ${plain.length} stops`, rounds: plain },
  { name: `${basename(values.server)}, ${rounds.length} stops`, rounds },
].filter((row) => row.rounds.length > 0);
console.log(`\n${renderTable(rows, { colours: false })}\n`);
conclude(rounds);

function readCount(name: 'rounds' | 'plain-rounds', least: number): number {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < least) {
    console.error(`expected --${name} to be a whole number >= ${least}, got ${values[name]}`);
    process.exit(2);
  }
  return value;
}

async function soak(server: string, count: number): Promise<Round[]> {
  const command = [values.node, fileURLToPath(new URL(`../${server}.js`, import.meta.url))];
  const done: Round[] = [];
  while (done.length < count) {
    const round = await runRound({ command, load: { ...load, seed: done.length }, group: values.group });
    done.push(round);
    if (server === values.server && failed(round)) describe(round, done.length);
    if (done.length % 10 === 0 || done.length === count) console.log(`${server}: ${total(done)}`);
  }
  return done;
}

function failed(round: Round): boolean {
  return countLost(round.counts) > 0 || round.exit.code !== 0;
}

function describe(round: Round, number: number): void {
  const { exit, killed, signalToExit, lag } = round;
  console.log(`round ${number}: ${json({ exit, killed, signalToExit, lag, counts: round.counts })}`);
  for (const lost of round.lost) console.log(`  ${json(lost)}`);
  if (round.stderr) console.log(round.stderr);
}

/** In one line, times in milliseconds with microseconds. */
function json(value: object): string {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'number' ? Number(item.toFixed(3)) : item,
  );
}

function total(done: readonly Round[]): string {
  const counts = emptyCounts();
  for (const round of done) addCounts(counts, round.counts);
  const lost = countLost(counts);
  return [
    `${done.length} shutdowns`,
    `${formatCount(counts.answered)} answered`,
    `${formatCount(counts.refused)} refused`,
    `${formatCount(lost)} lost (${(lost / done.length).toFixed(1)} per shutdown)`,
  ].join(', ');
}

function conclude(done: readonly Round[]): void {
  const counts = emptyCounts();
  for (const round of done) addCounts(counts, round.counts);
  console.log(`${formatCount(countAttempts(counts))} attempts on ${values.server}:`);
  for (const outcome of outcomes) console.log(`  ${outcome.padEnd(20)} ${formatCount(counts[outcome])}`);
  const accepted = done.reduce((sum, round) => sum + round.acceptedAfterRefusal, 0);
  const clientErrors = done.flatMap((round) => Object.values(round.clientErrors));
  console.log(`  let in after a refusal: ${accepted}`);
  console.log(`  failed on the client's side: ${clientErrors.reduce((sum, count) => sum + count, 0)}`);
  const longest = Math.max(...done.map((round) => round.kinds.newConnection?.longest ?? 0));
  const lag = Math.max(...done.map((round) => round.lag.max));
  console.log(
    `  longest wait on a new connection ${formatTime(longest)}; longest client lag ${formatTime(lag)}`,
  );

  const losing = done.filter((round) => countLost(round.counts) > 0).length;
  const failing = done.filter(failed).length;
  if (failing === 0) {
    const bound = `${(300 / done.length).toFixed(1)} %`;
    console.log(
      `\n0 in ${done.length} shutdowns: the true rate of shutdowns that lose anything is below ${bound} with 95 % confidence (3/n).`,
    );
  } else {
    console.log(
      `\n${losing} of ${done.length} shutdowns lost something; ${failing - losing} others did not exit with code 0.`,
    );
    process.exitCode = 1;
  }
}
