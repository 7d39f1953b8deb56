// Runs Node's own tests of cluster, http, https, http2 and net under `--import @graceful-cluster/core/register`, and
// those of cluster under `superviseCluster()` as well: which fail only then? What fails with us runs again without.
//
//   node scripts/node-suites.js FOLDER [--node PATH] [--only PREFIX]
//
// FOLDER is the `test` folder of Node's sources, of the same major version as the binary. At most two run at a time.
// SIGTERM ends it after those, with the counts so far.
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const LIMIT_MS = 30_000;
const PARALLEL = 2;
/** A test that fails with us and passes without is tried so often on both sides: some of Node's fail now and then. */
const TRIES = 3;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { node: { type: 'string', default: process.execPath }, only: { type: 'string', default: '' } },
});
const [given] = positionals;
if (given === undefined) throw new TypeError('expected the test folder of Node’s sources');
const folder = resolve(given);

const core = new URL('../packages/core/dist/', import.meta.url).href;
const supervise = [
  `import cluster from 'node:cluster';`,
  `import { superviseCluster } from '${core}index.js';`,
  `if (cluster.isPrimary) superviseCluster();`,
].join('');
const preloads = {
  register: `${core}register.js`,
  supervise: `data:text/javascript,${encodeURIComponent(supervise)}`,
};

/** Runs one test in a process group of its own, which is killed at the limit. */
function run(file, slot, preload) {
  const flags = /^\/\/ Flags: (.*)$/m.exec(readFileSync(join(folder, 'parallel', file), 'utf8'))?.[1];
  const before = preload === undefined ? [] : ['--import', preload];
  const args = [...before, ...(flags?.trim().split(/\s+/) ?? []), join(folder, 'parallel', file)];
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = spawn(values.node, args, {
    cwd: folder,
    env: { ...env, TEST_THREAD_ID: String(slot), TEST_PARALLEL: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output = (output + text).slice(-4_000);
    });
  }
  const kill = () => {
    try {
      process.kill(-Number(child.pid), 'SIGKILL');
    } catch {
      // All of the group have left.
    }
  };
  const timer = setTimeout(kill, LIMIT_MS);
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      kill();
      done({ passed: code === 0, skipped: output.includes('1..0 # Skipped'), how: signal ?? code, output });
    });
  });
}

async function count(file, slot, preload) {
  let passed = 0;
  for (let round = 0; round < TRIES; round += 1) passed += (await run(file, slot, preload)).passed ? 1 : 0;
  return passed;
}

/** @returns what a test came to with a preload, told if it passes without */
async function compare(file, slot, kind) {
  const ours = await run(file, slot, preloads[kind]);
  if (ours.skipped) return 'skipped';
  if (ours.passed) return 'passed';
  if (!(await run(file, slot)).passed) return 'failed without us too';
  const [withUs, without] = [await count(file, slot, preloads[kind]), await count(file, slot)];
  console.log(`${kind} ${file}: ${withUs} of ${TRIES} pass with us, ${without} without (${ours.how})`);
  if (withUs < without) console.log(ours.output.replaceAll(/^/gm, '    '));
  return withUs < without ? 'different' : 'unsteady';
}

const suites = /^test-(cluster|http|https|http2|net)-.*\.m?js$/;
const jobs = readdirSync(join(folder, 'parallel')).flatMap((file) => {
  if (!suites.test(file) || !file.startsWith(values.only)) return [];
  return [[file, 'register'], ...(file.startsWith('test-cluster-') ? [[file, 'supervise']] : [])];
});
let left = 0;
process.once('SIGTERM', () => {
  left = jobs.splice(0).length;
});
const counts = {};
async function work(slot) {
  for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
    const [file, kind] = job;
    const outcome = await compare(file, slot, kind);
    const key = `${kind} ${suites.exec(file)[1]}`;
    counts[key] ??= {};
    counts[key][outcome] = (counts[key][outcome] ?? 0) + 1;
  }
}
await Promise.all(Array.from({ length: PARALLEL }, (_, slot) => work(slot)));
console.table(counts);
const different = Object.values(counts).reduce((sum, each) => sum + (each.different ?? 0), 0);
console.log(`${different} different, ${left} not run`);
process.exitCode = different === 0 && left === 0 ? 0 : 1;
