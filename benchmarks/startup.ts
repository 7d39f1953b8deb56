// What does it cost to load the package, as it is published?
//   npm run bench -- startup [--runs 21] [--quick] [--node PATH]
// Processor time of the statement that loads it, in a process of its own that has loaded node:http already.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onServerCore, printHeader, printLoad } from './helpers/machine.ts';
import { formatNumber, formatTime, median } from './helpers/numbers.ts';
import { readOptions } from './helpers/options.ts';
import { printProgress, printTable } from './helpers/table.ts';
import { printRow } from './helpers/targets.ts';

const { runs, node } = readOptions({ runs: [21, 7] });
printHeader('startup: processor time to load the published package, beyond node:http', node);

const folder = publish();
const core = join(folder, 'lib/index.js');
const loads: Readonly<Record<string, string>> = {
  'nothing, which shows the error': 'void 0',
  "require('node:tls')": "require('node:tls')",
  "require('node:http2')": "require('node:http2')",
  "require('@graceful-cluster/core')": `require(${JSON.stringify(core)})`,
  "import('@graceful-cluster/core')": `await import(${JSON.stringify(join(folder, 'lib/index.mjs'))})`,
  "require('@graceful-cluster/core/register')": `require(${JSON.stringify(join(folder, 'lib/register.js'))})`,
  'core, and createCoordinator(), which loads the addon': `require(${JSON.stringify(core)}).createCoordinator({ signals: [] })`,
};
const times: Record<string, number[]> = {};
try {
  for (let run = 0; run < runs; run += 1) {
    printProgress(`run ${run + 1} of ${runs}`);
    for (const [name, code] of Object.entries(loads)) (times[name] ??= []).push(measure(code));
  }
  printProgress('');
  printResults();
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file));
  const sizes = files.map((file) => statSync(file)).filter((stat) => stat.isFile());
  const kilobytes = sizes.reduce((sum, { size }) => sum + size, 0) / 1_000;
  console.log(`code, declarations and addons: ${sizes.length} files, ${formatNumber(kilobytes)} kB`);
  printLoad('at the end');
} finally {
  rmSync(folder, { recursive: true });
}

/** The package as it is published, in a folder that is not an ES module's. */
function publish(): string {
  const source = fileURLToPath(new URL('../../packages/core', import.meta.url));
  const script = fileURLToPath(new URL('../../scripts/bundle/build.js', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script], { cwd: source, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const target = mkdtempSync(join(tmpdir(), 'graceful-startup-'));
  for (const each of ['lib', 'prebuilds'])
    cpSync(join(source, each), join(target, each), { recursive: true });
  writeFileSync(join(target, 'package.json'), '{"type":"commonjs"}');
  return target;
}

/** Milliseconds of processor time. */
function measure(code: string): number {
  const program = `require('node:http'); (async () => {
    const before = process.cpuUsage();
    ${code};
    const { user, system } = process.cpuUsage(before);
    process.stdout.write(String((user + system) / 1_000));
    process.exit();
  })();`;
  const [command = '', ...args] = onServerCore([node, '-e', program]);
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (stdout === '') throw new Error(stderr);
  return Number(stdout);
}

function printResults(): void {
  const of = (name: string): number => median(times[name] ?? []);
  const rows = Object.entries(times).map(([name, values]) => [
    name,
    formatTime(median(values)),
    formatTime(Math.min(...values)),
  ]);
  printTable(['', 'median', 'least'], rows);
  const cost = of("require('@graceful-cluster/core')") - of('nothing, which shows the error');
  printRow('load', formatTime(cost));
}
