// Runs tap on the compiled tests and ends with one plain line, "N passed, N failed", counted in assertions.
// Of what passed it prints the files only; of what failed or was skipped, everything.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const quiet = /^\s+(?:ok (?!.*# (?:SKIP|TODO))|# Subtest|1\.\.\d)|^\s*$/;

const tap = spawn(
  process.execPath,
  ['node_modules/tap/dist/esm/run.mjs', '--reporter=tap', ...process.argv.slice(2)],
  { cwd: new URL('..', import.meta.url), stdio: ['ignore', 'pipe', 'inherit'] },
);
let total = '';
const lines = createInterface(tap.stdout).on('line', (line) => {
  if (line.startsWith('# { total:')) total = line;
  if (!quiet.test(line)) console.log(line);
});
const ended = new Promise((resolve) => {
  lines.once('close', resolve);
});
tap.on('close', (code, signal) => {
  void ended.then(() => {
    const [passed = 0, failed = 0] = ['pass', 'fail'].map((name) =>
      Number(new RegExp(`${name}: (\\d+)`).exec(total)?.[1] ?? 0),
    );
    const broken = code === 0 && signal === null ? 0 : 1;
    console.log(`${passed} passed, ${failed || broken} failed`);
    process.exitCode = signal === null ? (code ?? 1) : 1;
  });
});
