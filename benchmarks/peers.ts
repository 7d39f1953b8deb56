// What does each of them lose when it is stopped under load? Peers from npm and Debian, and ours, on equal terms.
//   npm run bench -- peers [--rounds 10] [--only NAME,NAME] [--node PATH] [--add] [--write]
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
  type Entry,
  type Results,
  type Stop,
} from './peers/results.ts';
import { findPort, stopUnderLoad } from './peers/stop.ts';
import { findVersion, installPeers } from './peers/versions.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    only: { type: 'string' },
    node: { type: 'string', default: process.execPath },
    add: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const only = values.only?.split(',');
const unknown = only?.find((name) => !contenders.some((contender) => contender.name === name));
if (!Number.isInteger(rounds) || rounds < 0)
  fail(`expected --rounds to be a whole number, got ${values.rounds}`);
if (unknown !== undefined)
  fail(`there is no '${unknown}', but ${contenders.map(({ name }) => name).join(', ')}`);

const file = fileURLToPath(new URL('../peers.jsonl', import.meta.url));
const before = values.add && existsSync(file) ? readResults(file) : undefined;
const done = Math.max(0, ...(before?.entries ?? []).map(({ stops }) => stops.length));
const measured = await run();
const results = before ? addResults(before, measured) : measured;
writeResults(file, results);
printResults(results);
if (values.write) writeDocuments(results);

async function run(): Promise<Results> {
  const version = execFileSync(values.node, ['--version'], { encoding: 'utf8' }).trim();
  const [model = 'unknown processor'] = cpus().map((cpu) => cpu.model.trim());
  const kernel = /^[\d.]*/.exec(release())?.[0];
  const machine = `${availableParallelism()} cores, ${model}, ${process.platform} ${kernel}`;
  const entries = rounds > 0 ? await runRounds() : [];
  return { conditions: { machine, node: version, clients: process.version }, entries };
}

async function runRounds(): Promise<Entry[]> {
  installPeers();
  const chosen = contenders.filter(({ name }) => only?.includes(name) ?? true);
  const stops = new Map(chosen.filter(present).map((contender) => [contender, [] as Stop[]]));
  const backend = await startBackend();
  try {
    for (let round = done + 1; round <= done + rounds; round += 1) {
      // Each has each turn of a round once in a while.
      const turns = [...stops.keys()];
      const first = (round * 7) % turns.length;
      for (const contender of [...turns.slice(first), ...turns.slice(0, first)]) {
        printProgress(`round ${round} of ${done + rounds}: ${contender.name}`);
        const stop = await stopOnce(contender, backend.port, round);
        if (stop) stops.get(contender)?.push(stop);
        else stops.delete(contender);
      }
    }
  } finally {
    printProgress('');
    await backend.child.end();
  }
  return [...stops].map(([contender, list]) => ({
    name: contender.name,
    version: findVersion(contender, values.node) ?? '',
    stops: list,
  }));
}

function present(contender: Contender): boolean {
  if (findVersion(contender, values.node) !== undefined) return true;
  const { title, debian } = contender;
  console.log(`${title} is skipped: it is not installed here (Debian has it as ${debian?.package}).`);
  return false;
}

/** Nothing for one that does not start, such as under a Node that is too old for it. */
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

/** Ours must lose nothing: this is a fault, and here is what is known of it. */
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

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}
