// Stops a server again and again under saturating load, and accounts for every client. Fails on the first thing lost.
//   npm run soak -- --rounds 200 [--server examples/graceful-server] [--plain-rounds 20] [--node PATH]
// Or a cluster, in short rounds; the signal goes to its primary, to the whole process group, or by turns:
//   npm run soak -- --cluster round-robin|shared|reuse-port [--workers 2] [--signal-to process|group|alternating]
// Or the plain server, or the plain cluster, neither of which knows of us: node --import
// @graceful-cluster/core/register npm run soak -- --import [--cluster round-robin|shared]
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  addCounts,
  countAttempts,
  countLost,
  emptyCounts,
  outcomes,
  runRound,
  type Round,
} from '@graceful-cluster/probe';
import { formatCount, formatTime, renderTable } from '@graceful-cluster/probe/format';
import { readSoakOptions, type Contender } from './helpers/soak-options.ts';

const { contenders, node, target, timing, load } = readSoakOptions();

process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

const version = execFileSync(node, ['-p', 'process.version'], { encoding: 'utf8' }).trim();
console.log(`Servers under Node ${version}, clients under Node ${process.version}, on ${process.platform}.`);

const rows: { readonly name: string; readonly rounds: readonly Round[] }[] = [];
for (const contender of contenders) {
  const rounds = await soak(contender);
  rows.push({ name: `${contender.name}, ${rounds.length} stops`, rounds });
}
console.log(`\n${renderTable(rows, { colours: false })}\n`);
contenders.forEach(({ ours, name }, index) => {
  if (ours) conclude(name, rows[index]?.rounds ?? []);
});

async function soak({ name, program, flags, env, count, ours }: Contender): Promise<readonly Round[]> {
  const command = [node, ...flags, fileURLToPath(new URL(`../${program}.js`, import.meta.url))];
  const done: Round[] = [];
  while (done.length < count) {
    const group = target === 'group' || (target === 'alternating' && done.length % 2 === 1);
    const round = await runRound({
      address: 'printed',
      command,
      env,
      group,
      load: { ...load, seed: done.length },
      startTimeout: 60_000,
      ...timing,
    });
    done.push(round);
    if (ours && failed(round)) describe(round, done.length);
    if (done.length % 10 === 0 || done.length === count) console.log(`${name}: ${total(done)}`);
  }
  return done;
}

function failed(round: Round): boolean {
  return countLost(round.counts) > 0 || round.exit.code !== 0 || round.stderr !== '';
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

function conclude(name: string, done: readonly Round[]): void {
  const counts = emptyCounts();
  for (const round of done) addCounts(counts, round.counts);
  console.log(`${formatCount(countAttempts(counts))} attempts on ${name}:`);
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
      `\n${losing} of ${done.length} shutdowns lost something; ${failing - losing} others did not exit quietly with code 0.`,
    );
    process.exitCode = 1;
  }
}
