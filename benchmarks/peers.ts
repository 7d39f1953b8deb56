// What does each server lose when it is stopped under load? Peers from npm and Debian, and ours, on equal terms.
//   npm run bench -- peers [--rounds 10] [--quick] [--only NAME,NAME] [--node PATH] [--add] [--write]
// --add keeps what build/peers.jsonl holds and adds to it. --write puts table and chart into the documents as well.
import { existsSync } from 'node:fs';
import { availableParallelism, cpus, release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { execFileSync } from 'node:child_process';
import { ProbeError, type Round } from '@graceful-cluster/probe';
import { startChild, type Child } from './helpers/child.ts';
import { tryConnect } from './helpers/client.ts';
import { sleep } from './helpers/clock.ts';
import { printProgress } from './helpers/table.ts';
import { contenders, folder, type Contender } from './peers/contenders.ts';
import { printResults, writeDocuments } from './peers/documents.ts';
import {
  addResults,
  countStop,
  readResults,
  writeResults,
  type Conditions,
  type Entry,
  type Stop,
} from './peers/results.ts';
import { findPort, stopUnderLoad } from './peers/stop.ts';
import { findVersion, installPeers } from './peers/versions.ts';

const values = readValues();
const rounds = Number(values.rounds ?? (values.quick ? 2 : 10));
const only = values.only?.split(',');
const unknown = only?.find((name) => !contenders.some((contender) => contender.name === name));
if (!Number.isInteger(rounds) || rounds < 0)
  fail(`expected --rounds to be a whole number, got ${values.rounds}`);
if (unknown !== undefined)
  fail(`there is no '${unknown}', but ${contenders.map(({ name }) => name).join(', ')}`);

const file = fileURLToPath(new URL('../peers.jsonl', import.meta.url));
let results = values.add && existsSync(file) ? readResults(file) : undefined;
if (rounds > 0) {
  installPeers();
  await runRounds();
}
if (!results) fail('there are no results yet');
printResults(results);
if (values.write) writeDocuments(results);

/** Runs the rounds, and writes the results after each. */
async function runRounds(): Promise<void> {
  const conditions = describeConditions();
  const chosen = new Set(contenders.filter(({ name }) => only?.includes(name) ?? true).filter(present));
  const backend = await startBackend();
  try {
    for (let count = 1; count <= rounds; count += 1) {
      const done = Math.max(0, ...(results?.entries ?? []).map(({ stops }) => stops.length));
      const round = done + 1;
      const entries: Entry[] = [];
      for (const contender of takeTurns([...chosen], round)) {
        printProgress(`round ${round}, ${count} of ${rounds}: ${contender.name}`);
        const stop = await stopOnce(contender, backend.port, round);
        const version = findVersion(contender, values.node) ?? '';
        if (stop) entries.push({ name: contender.name, version, stops: [stop] });
        else chosen.delete(contender);
      }
      const more = { conditions, entries };
      results = results ? addResults(results, more) : more;
      writeResults(file, results);
    }
  } finally {
    printProgress('');
    await backend.child.end();
  }
}

/** The contenders in another order for each round: the first of one is later in the next. */
function takeTurns(all: readonly Contender[], round: number): readonly Contender[] {
  const first = (round * 7) % all.length;
  return [...all.slice(first), ...all.slice(0, first)];
}

function describeConditions(): Conditions {
  const node = execFileSync(values.node, ['--version'], { encoding: 'utf8' }).trim();
  const [model = 'unknown processor'] = cpus().map((cpu) => cpu.model.trim());
  const kernel = /^[\d.]*/.exec(release())?.[0];
  const machine = `${availableParallelism()} cores, ${model}, ${process.platform} ${kernel}`;
  return { machine, node, clients: process.version };
}

function present(contender: Contender): boolean {
  if (findVersion(contender, values.node) !== undefined) return true;
  const { title, debian } = contender;
  console.log(`${title} is skipped: it is not installed here (Debian has it as ${debian?.package}).`);
  return false;
}

/** Stops a contender once. Undefined for one that does not start, such as under a Node that is too old for it. */
async function stopOnce(contender: Contender, backendPort: number, seed: number): Promise<Stop | undefined> {
  try {
    const { stop, round } = await stopUnderLoad(contender, { node: values.node, backendPort, seed });
    if (contender.ours && countStop(stop) > 0) explain(contender, round);
    return stop;
  } catch (error) {
    const startFailed = error instanceof ProbeError && error.code === 'ERR_PROBE_START_FAILED';
    if (!startFailed || contender.ours) throw error;
    console.log(`${contender.title} is skipped: ${error.message}`);
    return undefined;
  }
}

/** Prints what is known of a loss of ours, which must lose nothing. */
function explain({ name }: Contender, { lost, counts, lag, exit, stdout, stderr }: Round): void {
  process.exitCode = 1;
  console.log(`${name} lost something: ${JSON.stringify({ counts, lag, exit })}`);
  for (const attempt of lost) console.log(`  ${JSON.stringify(attempt)}`);
  console.log(stdout + stderr);
}

async function startBackend(): Promise<{ child: Child; port: number }> {
  const port = await findPort();
  const child = startChild([values.node, `${folder}servers/node-plain.js`], { env: { PORT: String(port) } });
  while ((await tryConnect(port)) !== 'connected') await sleep(20);
  return { child, port };
}

function readValues() {
  const string = { type: 'string' } as const;
  const boolean = { type: 'boolean', default: false } as const;
  const node = { ...string, default: process.execPath };
  try {
    return parseArgs({
      options: { rounds: string, quick: boolean, only: string, node, add: boolean, write: boolean },
    }).values;
  } catch (error) {
    return fail((error as Error).message);
  }
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}
