// Takes out one step of the order at a time, in the compiled code of core, and says which check notices.
//   node scripts/mutation-check.js [part of a step's name …]
// Fails if nothing notices. The compiled code is put back after each, also when this is interrupted.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { mutations } from './mutations.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const LIMIT_MS = 300_000;
/** How often a check that needs luck may be run. */
const TRIES = 3;
const MAX_REASONS = 3;
const wanted = process.argv.slice(2);

// What is mutated is put back when this process exits.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

let unnoticed = 0;
for (const mutation of mutations) {
  if (wanted.length > 0 && !wanted.some((part) => mutation.step.includes(part))) continue;
  const caught = withMutation(mutation, () => findCheck(mutation.checks));
  if (caught === undefined) unnoticed += 1;
  console.log(`${mutation.step} (${mutation.file}): ${caught ?? 'NOT NOTICED'}`);
}
console.log(`${unnoticed} steps can be taken out without a check that fails`);
process.exitCode = unnoticed === 0 ? 0 : 1;

function withMutation({ file, line, instead, also = [] }, run) {
  const path = `${root}packages/core/dist/${file}`;
  const text = readFileSync(path, 'utf8');
  let mutated = text;
  for (const [from, to] of [[line, instead], ...also]) {
    if (!mutated.includes(from)) throw new Error(`${file} has no '${from}' any more`);
    mutated = mutated.replace(from, to);
  }
  const putBack = () => writeFileSync(path, text);
  process.once('exit', putBack);
  writeFileSync(path, mutated);
  try {
    return run();
  } finally {
    putBack();
    process.off('exit', putBack);
  }
}

/** The first check that fails, and what it says. */
function findCheck(checks) {
  for (const { name, args } of checks) {
    for (let tries = 1; tries <= TRIES; tries += 1) {
      const { status, stdout } = spawnSync(process.execPath, args, {
        cwd: root,
        encoding: 'utf8',
        timeout: LIMIT_MS,
        stdio: ['ignore', 'pipe', 'ignore'],
        maxBuffer: 2 ** 28,
      });
      if (status !== 0) return `caught by ${name}: ${reasons(stdout)}`;
    }
  }
  return undefined;
}

function reasons(output) {
  const lines = output.split('\n').map((line) => line.trim());
  const failed = lines.filter(
    (line) => /^not ok \d+ - (?!build)/.test(line) || /^FAIL | (?:lost|refused) \(/.test(line),
  );
  const rest = failed.length - MAX_REASONS;
  const shown = failed.slice(0, MAX_REASONS).map((line) => line.replace(/^not ok \d+ - /, '').slice(0, 120));
  return [...shown, ...(rest > 0 ? [`and ${rest} more`] : [])].join('; ') || 'it failed';
}
