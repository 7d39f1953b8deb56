// Runs each program and each marked command line of docs/frameworks.md and docs/observability.md with the packages that
// it needs, from npm, and stops it with a request in flight: the answer must arrive, the next client be refused, and
// the exit code be 0. And `watchers`: how long each watcher of docs/troubleshooting.md waits for a stop.
//   node scripts/test-recipes.js [--cheap] [name…]     RECIPES=<folder>: keeps what was installed there
// --cheap leaves out what takes minutes to build, and what is measured for comparison: CI runs that.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build, projects } from './recipes/projects.js';
import { install as installOfWatchers, tryWatchers, watchers } from './recipes/watchers.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const pages = ['docs/frameworks.md', 'docs/observability.md'];
const kept = process.env.RECIPES;
const target = kept ?? mkdtempSync(join(tmpdir(), 'graceful-recipes-'));
/** Paths of a request that takes a while, where it is not `/`. */
const paths = { trpc: '/hello' };

/** After the name: the project that it runs in, and what must be written. */
const fence = /^```(js|sh) recipe=(\S+)(?: in=(\S+))?(?: expect=(\S+))?\n(.*?)^```/gms;
const recipes = pages.flatMap((page) =>
  [...readFileSync(join(root, page), 'utf8').matchAll(fence)].map(
    ([, language, name, project, expect = '', text]) => ({
      language,
      name,
      project,
      expect: new RegExp(expect),
      text,
    }),
  ),
);
const wanted = process.argv.slice(2).filter((name) => !name.startsWith('--'));
const cheap = process.argv.includes('--cheap');
const isCheap = ({ project }) => projects[project]?.long !== true;
const chosen = recipes.filter((recipe) =>
  wanted.length === 0 ? !cheap || isCheap(recipe) : wanted.includes(recipe.name),
);

const withWatchers = wanted.length === 0 || wanted.includes('watchers');

/** Packages that the programs import, and that are not ours or Node's. */
const programs = chosen.filter(({ language, project }) => language === 'js' && project === undefined);
const imports = programs.flatMap(({ text }) =>
  [...text.matchAll(/from '([^']+)'/g)].map(([, name]) =>
    name
      .split('/')
      .slice(0, name.startsWith('@') ? 2 : 1)
      .join('/'),
  ),
);
const foreign = [...new Set(imports)].filter((name) => !/^(?:node:|@graceful-cluster\/)/.test(name));
if (withWatchers) foreign.push(...installOfWatchers);
/** Peers that a package does not bring. */
const peers = { '@apollo/server': ['graphql'] };

function install() {
  writeFileSync(join(target, 'package.json'), JSON.stringify({ type: 'module', private: true }));
  const all = foreign.flatMap((name) => [name, ...(peers[name] ?? [])]);
  const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  const { status } = spawnSync('npm', ['install', ...quiet, ...all], { cwd: target, stdio: 'inherit' });
  if (status !== 0) throw new Error('npm install failed');
}

/** The built packages: what they import from each other is beside them. */
function copyOwn(to) {
  for (const name of ['core', 'express', 'fastify']) {
    const folder = join(to, 'node_modules/@graceful-cluster', name);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const part of ['package.json', 'dist', 'prebuilds']) {
      const from = join(root, 'packages', name, part);
      if (part !== 'prebuilds' || name === 'core') cpSync(from, join(folder, part), { recursive: true });
    }
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function ask(port, path) {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      response.resume().on('end', () => resolve(String(response.statusCode)));
      response.on('error', ({ code }) => resolve(code));
    });
    request.on('error', ({ code }) => resolve(code));
  });
}

/** The folder of a recipe, in which all that it needs is installed and built. */
function prepare({ project }) {
  if (project === undefined) return target;
  const folder = join(target, `project-${project}`);
  if (!existsSync(folder)) build(project, folder);
  copyOwn(folder);
  return folder;
}

/** A program is started by Node, a command line by a shell that the command takes the place of. */
function start({ language, name, text }, cwd, env) {
  if (language === 'sh') return spawn('sh', ['-c', `exec env ${text}`], { cwd, env });
  writeFileSync(join(cwd, `${name}.js`), text);
  return spawn(process.execPath, [`${name}.js`], { cwd, env });
}

async function run(recipe) {
  const { name, expect } = recipe;
  const cwd = prepare(recipe);
  const port = await freePort();
  const { NODE_OPTIONS: _, ...rest } = process.env;
  // The standalone server of Next listens on HOSTNAME, which a container has set to its own name.
  const env = { ...rest, PORT: String(port), HOSTNAME: '127.0.0.1', NODE_ENV: 'production' };
  const child = start(recipe, cwd, env);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
  const ended = new Promise((resolve) => {
    child.on('close', (code, signal) => resolve(signal ?? code));
  });
  const path = paths[name] ?? '/';
  try {
    let first = 'ECONNREFUSED';
    for (let count = 0; first === 'ECONNREFUSED' && count < 300 && child.exitCode === null; count += 1) {
      await sleep(100);
      first = await ask(port, path);
    }
    const inFlight = ask(port, path);
    await sleep(250);
    child.kill('SIGTERM');
    await sleep(100);
    const late = await ask(port, path);
    const limit = setTimeout(() => child.kill('SIGKILL'), 15_000);
    const seen = [first, await inFlight, late, await ended].join(', ');
    clearTimeout(limit);
    const passed = seen === '200, 200, ECONNREFUSED, 0' && expect.test(output);
    console.log(`${passed ? 'ok' : 'not ok'} ${name}: ${seen}`);
    if (!passed) console.log(output);
    return passed;
  } finally {
    child.kill('SIGKILL');
  }
}

let failed = 0;
try {
  if (foreign.length > 0 && !(kept !== undefined && existsSync(join(target, 'node_modules')))) install();
  copyOwn(target);
  if (withWatchers) failed += await tryWatchers(target, cheap);
  for (const recipe of chosen) if (!(await run(recipe))) failed += 1;
} finally {
  if (kept === undefined) rmSync(target, { recursive: true });
}
const tried = chosen.length + (withWatchers ? watchers.length : 0);
console.log(`${tried - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 && tried > 0 ? 0 : 1;
