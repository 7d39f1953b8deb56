// Runs the benchmarks one after the other, or the one that is named:
//   npm run bench [-- --quick] [--node PATH]
//   npm run bench --
//   refusal|exit|steady-state|memory|deadline|cluster|adapters|startup|scale|router|many|peers|close-in-tests [options
//   of that one]
// The last four run only where they are named: two take minutes, one installs packages, one is of interest to testers.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const benchmarks = [
  'refusal',
  'exit',
  'steady-state',
  'memory',
  'deadline',
  'cluster',
  'adapters',
  'startup',
  'scale',
];
const onDemand = ['router', 'many', 'peers', 'close-in-tests'];

const [first = '', ...rest] = process.argv.slice(2);
const named = first !== '' && !first.startsWith('-');
const known = [...benchmarks, ...onDemand];
if (named && !known.includes(first)) {
  console.error(`there is no benchmark '${first}', but ${known.join(', ')}`);
  process.exit(2);
}

for (const name of named ? [first] : benchmarks) {
  const code = await run(name, named ? rest : process.argv.slice(2));
  if (code !== 0) process.exit(code);
  if (!named) console.log(`\n${'='.repeat(100)}\n`);
}

/** In a process of its own, so that what one leaves behind in memory slows no other. */
function run(name: string, args: readonly string[]): Promise<number> {
  const program = fileURLToPath(new URL(`${name}.js`, import.meta.url));
  const child = spawn(process.execPath, [program, ...args], { stdio: 'inherit' });
  // It ends its servers, and then itself.
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGINT', forward);
  process.on('SIGTERM', forward);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      process.off('SIGINT', forward);
      process.off('SIGTERM', forward);
      resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']);
    });
  });
}
