// Draws programs, loads and faults from a seed, stops the programs, and looks for losses that no fault explains.
//   npm run chaos -- [--count N | --minutes N] [--seed S] [--node PATH] [--jobs 2] [--no-shrink] [--regressions]
//   npm run chaos -- --scenario '{ … }'      one scenario, as it is printed
// Each scenario has a seed of its own, from S on; without --seed that is drawn, and printed.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { monotonic } from './clock.ts';
import type { Attempt } from './clients/attempt.ts';
import { draw, type Line } from './draw.ts';
import { BUSY_MACHINE, explainLoss } from './invariants/blast.ts';
import { regressions } from './regressions.ts';
import type { Seen } from './run.ts';
import { attempt, shrink, type Outcome } from './shrink.ts';
import type { Scenario } from './scenario.ts';
import { noteStalls } from './stalls.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string' },
    minutes: { type: 'string' },
    seed: { type: 'string' },
    node: { type: 'string', default: process.execPath },
    jobs: { type: 'string', default: '2' },
    scenario: { type: 'string' },
    regressions: { type: 'boolean', default: false },
    'no-shrink': { type: 'boolean', default: false },
    show: { type: 'boolean', default: false },
  },
});
const MINUTE_MS = 60_000;
const SEEDS = 1_000_000;
const { node } = values;
const version = execFileSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim();
const [major = 0, minor = 0] = version.split('.').map(Number);
const line: Line = { reusePort: major > 22 || (major === 22 && minor >= 12) };

const totals = { scenarios: 0, failed: 0, attempts: 0, answered: 0, refused: 0, explained: 0, busy: 0 };
const seed = Number(values.seed ?? Math.floor(Math.random() * SEEDS));
const until = values.minutes === undefined ? Infinity : monotonic() + Number(values.minutes) * MINUTE_MS;
const count = Number(values.count ?? (values.minutes === undefined ? 1 : Infinity));
const queue = scenarios();
noteStalls();

console.log(`servers under Node ${version}, clients under ${process.versions.node}, seeds from ${seed} on`);
await Promise.all(Array.from({ length: Number(values.jobs) }, work));
const { scenarios: done, failed, attempts, answered, refused, explained, busy } = totals;
console.log(
  [
    `${done} scenarios under Node ${version}, ${attempts} attempts: ${answered} answered, ${refused} refused,`,
    `${explained} lost to a fault that explains it, ${busy} of them to a machine too busy; ${failed} scenarios with something unexplained`,
  ].join(' '),
);
process.exitCode = failed === 0 ? 0 : 1;

function* scenarios(): Generator<Scenario> {
  if (values.scenario !== undefined) {
    yield JSON.parse(values.scenario) as Scenario;
    return;
  }
  if (values.regressions) {
    for (const { scenario } of regressions) {
      if (scenario.model !== 'reuse-port' || line.reusePort) yield scenario;
    }
    return;
  }
  for (let number = 0; number < count && monotonic() < until; number += 1) yield draw(seed + number, line);
}

async function work(): Promise<void> {
  for (const scenario of queue) {
    const outcome = await attempt(scenario, node);
    add(outcome);
    if (values.show) console.log(describe(scenario, outcome));
    if (outcome.unexplained.length > 0) await tell(scenario, outcome);
  }
}

function add({ seen, unexplained }: Outcome): void {
  const all = seen?.attempts ?? [];
  const number = (outcome: string): number => all.filter((each) => each.outcome === outcome).length;
  totals.scenarios += 1;
  totals.failed += unexplained.length > 0 ? 1 : 0;
  totals.attempts += all.length;
  totals.answered += number('answered');
  totals.refused += number('refused');
  totals.explained += number('lost');
  totals.busy += seen === undefined ? 0 : all.filter((each) => isOfBusyMachine(seen, each)).length;
}

function isOfBusyMachine(seen: Seen, each: Attempt): boolean {
  return each.outcome === 'lost' && explainLoss(seen, each) === BUSY_MACHINE;
}

/** All that was seen, for a person who looks for the cause. */
function describe(scenario: Scenario, { seen, unexplained }: Outcome): string {
  const since = (at: number): string => (at - (seen?.stoppedAt ?? 0)).toFixed(1).padStart(8);
  const entries = seen?.evidence.entries.filter(
    ({ word }) => !['waited', 'connection', 'secure', 'request', 'answered'].includes(word),
  );
  return [
    JSON.stringify(scenario),
    ...(entries ?? []).map(({ pid, at, word, rest }) => `${since(at)} ${pid} ${word} ${rest}`),
    ...(seen?.faults ?? []).map(({ fault, pid, at }) => `${since(at)} ${pid} FAULT ${JSON.stringify(fault)}`),
    `${since(seen?.end?.at ?? 0)} ${seen?.pid} END ${seen?.end?.code} ${seen?.end?.signal} ${seen?.stderr}`,
    ...unexplained,
  ].join('\n');
}

/** What was seen of a failure that may not come again. */
function keep(scenario: Scenario, outcome: Outcome): string {
  const folder = fileURLToPath(new URL('../chaos-failures/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const file = `${folder}${version}-${scenario.seed}.txt`;
  writeFileSync(file, `${describe(scenario, outcome)}\n`);
  return file;
}

async function tell(scenario: Scenario, outcome: Outcome): Promise<void> {
  const { unexplained } = outcome;
  const nodeOption = values.node === process.execPath ? '' : ` --node ${node}`;
  console.log(`\nseed ${scenario.seed} failed:\n  ${unexplained.slice(0, 10).join('\n  ')}`);
  console.log(`  all that was seen: ${keep(scenario, outcome)}`);
  const fixed = values.regressions || values.scenario !== undefined;
  const replay = fixed ? `--scenario '${JSON.stringify(scenario)}'` : `--seed ${scenario.seed} --count 1`;
  console.log(`  npm run chaos -- ${replay}${nodeOption}`);
  if (values['no-shrink']) return;
  const { smallest, failures, runs } = await shrink(scenario, node);
  console.log(`  smallest that fails (${failures} of ${runs} runs):`);
  console.log(`  npm run chaos -- --scenario '${JSON.stringify(smallest)}'${nodeOption}`);
}
