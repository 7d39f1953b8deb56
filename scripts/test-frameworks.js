// Stops programs of real frameworks, each of which does something about SIGTERM by itself (scripts/frameworks), under load:
// with the adapter or attach, with --import, and on Node alone, whose losses are printed beside; in one process and in a
// cluster. Nothing may be lost, our hook must run, the program's own cleanup must end, and the exit code be 0.
//   node scripts/test-frameworks.js [name…]     those whose name contains one of these
// --cheap leaves out Node alone, and most of the clusters: CI runs that. The packages are installed into build/frameworks.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stopBeside } from '../build/test/beside/stop-beside.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'scripts/frameworks');
const target = join(root, 'build/frameworks');
/** As `startChild` finds it. */
const fixture = '../../frameworks/program';
const names = process.argv.slice(2).filter((name) => !name.startsWith('--'));
const cheap = process.argv.includes('--cheap');

/** Installs unless what is there was installed from the same list. */
function install() {
  const wanted = readFileSync(join(source, 'package.json'), 'utf8');
  const installed = join(target, 'installed.json');
  if (!existsSync(installed) || readFileSync(installed, 'utf8') !== wanted) {
    rmSync(target, { recursive: true, force: true });
    mkdirSync(target, { recursive: true });
    writeFileSync(join(target, 'package.json'), wanted);
    const quiet = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts', '--loglevel=error'];
    const { status } = spawnSync('npm', ['install', ...quiet], { cwd: target, stdio: 'inherit' });
    if (status !== 0) throw new Error('npm install failed');
    writeFileSync(installed, wanted);
  }
  const own = join(target, 'node_modules/@graceful-cluster');
  rmSync(own, { recursive: true, force: true });
  mkdirSync(own);
  for (const name of ['core', 'express', 'fastify'])
    symlinkSync(join(root, 'packages', name), join(own, name));
  cpSync(source, target, { recursive: true });
}

install();
const { programs } = await import('../build/frameworks/programs.js');
const chosen = Object.keys(programs).filter(
  (name) => names.length === 0 || names.some((part) => name.includes(part)),
);

const ends = [];
const owner = { teardown: (end) => ends.push(end) };
let passed = 0;
let failed = 0;

function check(title, { lost, slow, code, signal, hooks, cleaned, refused }, processes) {
  const seen = { lost: lost.length, slow, code, signal, hooks, cleaned };
  const right = { lost: 0, slow: '200', code: 0, signal: null, hooks: processes, cleaned: processes };
  const isRight = JSON.stringify(seen) === JSON.stringify(right) && refused > 0;
  if (isRight) passed += 1;
  else failed += 1;
  const what = isRight
    ? `${refused} refused`
    : `${JSON.stringify(seen)} ${[...new Set(lost)].join(', ')}, refused ${refused}`;
  console.log(`${isRight ? 'ok' : 'not ok'} ${title}: ${what}`);
}

async function stop(name, inCluster) {
  const processes = inCluster ? 2 : 1;
  const where = inCluster ? ', cluster' : '';
  const checked = ['graceful', 'register'].map(async (way) => {
    check(`${name}, ${way}${where}`, await stopBeside(owner, way, name, inCluster, fixture), processes);
  });
  await Promise.all(checked);
  if (cheap) return;
  const { lost, slow, code, signal, cleaned } = await stopBeside(owner, 'plain', name, inCluster, fixture);
  console.log(
    `   Node alone${where}: ${lost.length} lost, slow request ${slow}, ${code ?? signal}, ${cleaned} cleaned up`,
  );
}

try {
  for (const [index, name] of chosen.entries()) {
    await stop(name, false);
    if (!cheap || index % 4 === 0) await stop(name, true);
  }
} finally {
  for (const end of ends) end();
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
