// Stops an ordinary server and a graceful one, and an ordinary cluster and a graceful one, in turns and in the middle
// of heavy load, and shows what became of every single client.
//   npm run demo [-- --rounds 5]
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { countAttempts, countLost, runRound, type Progress, type Round } from '@graceful-cluster/probe';
import { formatCount, renderTable } from '@graceful-cluster/probe/format';

interface Contender {
  readonly name: string;
  readonly program: string;
  /** Whether a single loss makes the demo fail. */
  readonly ours: boolean;
  readonly rounds: Round[];
}

const contenders: readonly Contender[] = [
  { name: 'plain server', program: './plain-server.js', ours: false, rounds: [] },
  { name: 'graceful server', program: './graceful-server.js', ours: true, rounds: [] },
  { name: 'plain cluster', program: './plain-cluster.js', ours: false, rounds: [] },
  { name: 'graceful cluster', program: './graceful-cluster.js', ours: true, rounds: [] },
];

const load = { newConnection: 64, keepAlive: 64, slow: 4 };

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
const count = Number(values.rounds);
if (!Number.isInteger(count) || count < 1) {
  console.error(`expected --rounds to be a whole number > 0, got ${values.rounds}`);
  process.exit(2);
}

const live = process.stdout.isTTY;
const colours = live && !process.env['NO_COLOR'];

process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

console.log(
  `${load.newConnection} clients that open a connection per request, ${load.keepAlive} keep-alive clients, ` +
    `${load.slow} slow requests; a SIGTERM in the middle, ${count} times each.\n`,
);
for (let number = 1; number <= count; number += 1) {
  for (const contender of contenders) await run(contender, number);
}
console.log(`\n${renderTable(contenders, { colours })}\n`);
console.log(conclusion());
if (contenders.some((contender) => contender.ours && losses(contender) > 0)) process.exitCode = 1;

async function run(contender: Contender, number: number): Promise<void> {
  const label = `${contender.name.padEnd(16)}  ${number}/${count}`;
  const round = await runRound({
    address: 'printed',
    command: [process.execPath, fileURLToPath(new URL(contender.program, import.meta.url))],
    load: { ...load, seed: number },
    onProgress: live ? (progress) => show(label, progress) : undefined,
  });
  contender.rounds.push(round);
  console.log(`${live ? '\r\u{1b}[K' : ''}${label}  ${describe(round.counts)}`);
}

function show(label: string, { phase, counts }: Progress): void {
  const line = counts ? `${describe(counts)}  ${phase === 'load' ? '' : 'SIGTERM'}` : 'starting';
  process.stdout.write(`\r\u{1b}[K${label}  ${line}`.slice(0, (process.stdout.columns || 80) + 3));
}

function describe(counts: Round['counts']): string {
  const columns = [`${counts.answered} answered`, `${counts.refused} refused`, `${countLost(counts)} lost`];
  return columns.map((text) => text.padStart(14)).join('');
}

function losses({ rounds }: Contender): number {
  return rounds.reduce((sum, round) => sum + countLost(round.counts), 0);
}

function conclusion(): string {
  const sentences = contenders.map((contender) => {
    const attempts = contender.rounds.reduce((sum, round) => sum + countAttempts(round.counts), 0);
    const lost = losses(contender);
    if (lost === 0) return `${contender.name} lost none of ${formatCount(attempts)}`;
    return `${contender.name} lost ${formatCount(lost)} of ${formatCount(attempts)} requests (${(lost / count).toFixed(0)} per stop)`;
  });
  return `${sentences.join(';\n')}.\nAnswered means a complete reply, refused that the client knew at once.`;
}
