// Stops programs of real frameworks, each of which does something about SIGTERM by itself (scripts/frameworks), under
// load: with the adapter or attach, with --import, and on Node alone, whose losses are printed beside; in one process
// and in a cluster. Nothing may be lost, our hook must run, the program's own cleanup must end, and the exit code be 0.
// And servers with an agent that patches http, as ES modules and as CommonJS: each request that was answered must have
// its span. Our packages are those that npm would publish.
//   node scripts/test-frameworks.js [name…]     those whose name contains one of these
// --cheap leaves out Node alone, and most of the clusters: CI runs that. The packages are installed into
// build/frameworks.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { stopBeside } from '../build/test/beside/stop-beside.js';
import { packAll, root } from './pack.js';

const source = join(root, 'scripts/frameworks');
const target = join(root, 'build/frameworks');
const own = join(target, 'node_modules/@graceful-cluster');
/** For --require, and for --import. */
const register = {
  required: join(own, 'core/lib/register.js'),
  imported: pathToFileURL(join(own, 'core/lib/register.mjs')).href,
};
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
  const packed = mkdtempSync(join(tmpdir(), 'graceful-packed-'));
  for (const [name, tarball] of Object.entries(packAll(packed, ['core', 'express', 'fastify']))) {
    const folder = join(own, name);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const { status } = spawnSync('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1']);
    if (status !== 0) throw new Error(`cannot unpack ${tarball}`);
  }
  rmSync(packed, { recursive: true });
  cpSync(source, target, { recursive: true });
}

install();
const { programs } = await import('../build/frameworks/programs.js');
const { agents } = await import('../build/frameworks/agents.js');
const { required, waysToRequire } = await import('../build/frameworks/required.js');
const { startCollector } = await import('../build/frameworks/collector.js');
const isChosen = (name) => names.length === 0 || names.some((part) => name.includes(part));

const ends = [];
const owner = { teardown: (end) => ends.push(end) };
let passed = 0;
let failed = 0;

/** @param more - what else must be seen, besides a stop without loss */
function check(title, { lost, refused, ...seen }, more) {
  const right = { slow: '200', code: 0, signal: null, ...more };
  const wrong = Object.keys(right).filter((key) => seen[key] !== right[key]);
  const isRight = lost.length === 0 && refused > 0 && wrong.length === 0;
  if (isRight) passed += 1;
  else failed += 1;
  const differences = wrong.map((key) => `, ${key} ${seen[key]} instead of ${right[key]}`).join('');
  const losses = lost.length === 0 ? '' : ` (${[...new Set(lost)].join(', ')})`;
  console.log(
    `${isRight ? 'ok' : 'not ok'} ${title}: ${lost.length} lost${losses}, ${seen.answered} answered${differences}`,
  );
}

async function stopProgram(name, inCluster) {
  const where = inCluster ? ', cluster' : '';
  const processes = inCluster ? 2 : 1;
  const checked = ['graceful', 'register'].map(async (way) => {
    const nodeOptions = way === 'register' ? ['--import', register.imported] : [];
    const seen = await stopBeside(owner, way, name, inCluster, { fixture, nodeOptions });
    check(`${name}, ${way}${where}`, seen, { hooks: processes, cleaned: processes });
  });
  await Promise.all(checked);
  if (cheap) return;
  const { lost, slow, code, signal, cleaned } = await stopBeside(owner, 'plain', name, inCluster, {
    fixture,
  });
  console.log(
    `   Node alone${where}: ${lost.length} lost, slow request ${slow}, ${code ?? signal}, ${cleaned} cleaned up`,
  );
}

/** Those that processes with an agent of agents/ have counted. */
function countSpans(stdout) {
  const counts = [...stdout.matchAll(/^spans (\d+)$/gm)].map(([, count]) => Number(count));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** With the agent loaded before us and after us: each request that was answered must have its span. */
async function stopWithAgent(name, flush, inCluster) {
  const agent = pathToFileURL(join(target, `agents/${name}.cjs`)).href;
  const ways = [
    { way: 'graceful', order: 'first', imports: [agent] },
    { way: 'graceful', order: 'last', imports: [] },
    { way: 'register', order: 'first', imports: [agent, register.imported] },
    { way: 'register', order: 'last', imports: [register.imported, agent] },
  ];
  const stops = ways.map(async ({ way, order, imports }) => {
    const seen = await stopBeside(owner, way, name, inCluster, {
      fixture,
      nodeOptions: imports.flatMap((url) => ['--import', url]),
      env: imports.length === 0 ? { FLUSH: flush, LATE: '1' } : { FLUSH: flush },
    });
    const spans = countSpans(seen.stdout);
    const title = `${name}, ${way}, agent ${order}, ended by ${flush}${inCluster ? ', cluster' : ''}`;
    check(title, { ...seen, spans }, { hooks: inCluster ? 2 : 1, spans: seen.answered });
  });
  await Promise.all(stops);
}

/**
 * A CommonJS program with the agent in front by `--require`, before us and after us.
 *
 * @param where - `primary alone`: the workers are not signalled
 */
async function stopWithRequiredAgent(agent, where) {
  const stops = waysToRequire(required[agent], register).map(async ({ way, name, nodeOptions, order }) => {
    const collector = await startCollector();
    const seen = await stopBeside(owner, way, name, where !== 'one process', {
      fixture: '../../frameworks/commonjs/program',
      nodeOptions,
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        DD_TRACE_AGENT_URL: collector.url,
        ...(where === 'primary alone' && { PRIMARY_ALONE: '1' }),
      },
    });
    const spans = collector.count() + countSpans(seen.stdout);
    collector.close();
    const title = `${agent}, CommonJS, ${name}, ${way}, ${order}, ${where}`;
    check(title, { ...seen, spans }, { hooks: where === 'one process' ? 1 : 2, spans: seen.answered });
  });
  await Promise.all(stops);
}

try {
  for (const [index, name] of Object.keys(programs).filter(isChosen).entries()) {
    await stopProgram(name, false);
    if (!cheap || index % 4 === 0) await stopProgram(name, true);
  }
  for (const name of Object.keys(agents).filter(isChosen)) {
    for (const flush of name === 'opentelemetry' ? ['listener', 'hook'] : ['its exit']) {
      await stopWithAgent(name, flush, false);
      if (!cheap) await stopWithAgent(name, flush, true);
    }
  }
  for (const agent of Object.keys(required).filter(isChosen)) {
    await stopWithRequiredAgent(agent, 'one process');
    if (!cheap) await stopWithRequiredAgent(agent, 'cluster');
    await stopWithRequiredAgent(agent, 'primary alone');
  }
} finally {
  for (const end of ends) end();
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
