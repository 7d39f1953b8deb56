// Runs the cases one after the other, and prints the line of each.
//   node run.mjs [case or folder …] [--node PATH] [--rounds N] [--control]
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

const LIMIT_MS = 40_000;
const here = import.meta.dirname;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    node: { type: 'string', default: process.execPath },
    rounds: { type: 'string', default: '1' },
    control: { type: 'boolean', default: false },
  },
});
const parts = new Set(['run.mjs', 'lib.mjs', 'beside.mjs']);
const files = fs.readdirSync(here, { recursive: true }).filter((file) => file.endsWith('.mjs'));
const names = files
  .filter((file) => !parts.has(path.basename(file)))
  .map((file) => file.slice(0, -4))
  .toSorted((a, b) => a.localeCompare(b));
const meant = (asked) =>
  names.filter((name) => name === asked.replace(/\.mjs$/, '') || path.dirname(name) === asked);
const unknown = positionals.filter((asked) => meant(asked).length === 0);
if (unknown.length > 0) {
  console.error(`no such case: ${unknown.join(', ')}; there are ${names.join(', ')}`);
  process.exit(2);
}
const chosen = positionals.length > 0 ? positionals.flatMap(meant) : names;

/** One run of a case: its line, and whether it passed. */
function run(name) {
  const args = [path.join(here, `${name}.mjs`), ...(values.control ? ['--control'] : [])];
  const options = { stdio: ['ignore', 'pipe', 'pipe'], timeout: LIMIT_MS, killSignal: 'SIGKILL' };
  const child = spawn(values.node, args, options);
  let out = '';
  let err = '';
  child.stdout.on('data', (data) => (out += data));
  child.stderr.on('data', (data) => (err += data));
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      const line = out.split('\n').findLast((each) => /^(PASS|FAIL) /.test(each));
      const broke = `FAIL ${name}: it did not end well, ${signal ?? `exit ${code}`} ${err.trim().split('\n').slice(0, 8).join(' | ')}`;
      resolve({ passed: code === 0 && line?.startsWith('PASS') === true, line: line ?? broke });
    });
  });
}

const passes = new Map(chosen.map((name) => [name, 0]));
const rounds = Number(values.rounds);
for (let round = 1; round <= rounds; round++) {
  for (const name of chosen) {
    const { passed, line } = await run(name);
    if (passed) passes.set(name, passes.get(name) + 1);
    console.log(line);
  }
}
const width = Math.max(...chosen.map((name) => name.length));
console.log(`\n${'case'.padEnd(width)}  passed`);
for (const [name, count] of passes) console.log(`${name.padEnd(width)}  ${count} of ${rounds}`);
const whole = [...passes.values()].filter((count) => count === rounds).length;
console.log(`\n${whole} passed, ${chosen.length - whole} failed`);
process.exitCode = whole === chosen.length ? 0 : 1;
