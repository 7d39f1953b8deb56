import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { countLost, startLoad, type LoadTally } from '@graceful-cluster/probe';
import { freePort } from '../helpers/free-port.ts';
import { request, survivors } from './cluster-process.ts';

const run = promisify(execFile);
const VERSION = '7.0.4';
const folder = fileURLToPath(new URL(`../../pm2-${VERSION}/`, import.meta.url));
const cli = join(folder, 'node_modules/pm2/bin/pm2');
const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}.js`, import.meta.url));

const server = {
  script: fixture('cluster/pm2'),
  exec_mode: 'cluster',
  instances: 2,
  wait_ready: true,
  env: {},
};
const apps = {
  reloaded: server,
  told: { ...server, shutdown_with_message: true },
  stopped: server,
  plain: { ...server, env: { PLAIN: '1' } },
  // PM2 runs the `node` of PATH otherwise, with options that only its own Node may know.
  supervised: {
    script: fixture('cluster/server'),
    interpreter: process.execPath,
    exec_mode: 'fork',
    env: {},
  },
} as const;

type Name = keyof typeof apps;

interface Pm2 {
  readonly ports: Readonly<Record<Name, number>>;
  readonly command: (...args: string[]) => Promise<string>;
}

/** Downloads PM2 at the first time; tells why it could not. */
function install(): string | false {
  if (existsSync(cli)) return false;
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"private":true}');
    const args = ['install', `pm2@${VERSION}`, '--ignore-scripts', '--no-audit', '--no-fund', '--no-save'];
    execFileSync('npm', args, { cwd: folder, stdio: 'ignore', timeout: 120_000 });
    return false;
  } catch {
    return 'PM2 could not be installed: is the registry within reach?';
  }
}

/** A daemon of its own, which runs all apps. */
async function startPm2(t: Test): Promise<Pm2> {
  const home = mkdtempSync(join(tmpdir(), 'graceful-pm2-'));
  t.teardown(() => rmSync(home, { recursive: true, force: true }));
  const names = Object.keys(apps) as Name[];
  const ports = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await freePort()])),
  ) as Record<Name, number>;
  const limits = { listen_timeout: 30_000, kill_timeout: 12_000, autorestart: false };
  const list = names.map((name) => {
    const env = { ...apps[name].env, PORT: String(ports[name]) };
    return { name, ...limits, ...apps[name], env };
  });
  writeFileSync(join(home, 'apps.json'), JSON.stringify({ apps: list }));
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const env = { ...inherited, PM2_HOME: join(home, 'pm2') };
  const command = async (...args: string[]): Promise<string> =>
    (await run(process.execPath, [cli, ...args], { env, cwd: home, maxBuffer: 1e8 })).stdout;
  t.teardown(() => command('kill'));
  await command('start', join(home, 'apps.json'));
  return { ports, command };
}

async function underLoad(port: number, work: () => Promise<unknown>): Promise<LoadTally> {
  const load = startLoad({ host: '127.0.0.1', port }, { newConnection: 32, keepAlive: 32, slow: 4 });
  try {
    await sleep(300);
    await work();
  } finally {
    load.stop();
    await load.ended;
  }
  return load.result();
}

/** Process ids of the workers, once the app answers. */
async function pidsOf(port: number): Promise<readonly number[]> {
  for (let left = 1_500; left > 0 && (await request(port).ended) === 'ECONNREFUSED'; left -= 1)
    await sleep(20);
  const bodies: string[] = [];
  for (let count = 0; count < 10; count += 1) bodies.push(await request(port).ended);
  return [...new Set(bodies.map(Number))];
}

const lost = ({ counts }: LoadTally): number => countLost(counts);

t.test('PM2', { skip: install(), timeout: 290_000 }, async (t) => {
  const { ports, command } = await startPm2(t);

  t.test('a reload loses nobody', async (t) => {
    const old = await pidsOf(ports.reloaded);
    t.equal(old.length, 2);
    const tally = await underLoad(ports.reloaded, () => command('reload', 'reloaded'));
    t.equal(lost(tally), 0, JSON.stringify(tally.lost.slice(0, 3)));
    t.equal(tally.counts.refused, 0);
    t.same(await survivors(old), [], 'the old workers are gone');
    t.equal((await pidsOf(ports.reloaded)).length, 2);
  });

  t.test('the shutdown message drains', async (t) => {
    const old = await pidsOf(ports.told);
    const slow = [1, 2].map(() => request(ports.told, '/slow?ms=3000'));
    await Promise.all(slow.map(({ connected }) => connected));
    await command('stop', 'told');
    const bodies = await Promise.all(slow.map(({ ended }) => ended));
    t.ok(
      bodies.every((body) => old.includes(Number(body))),
      bodies.join(),
    );
    t.same(await survivors(old), []);
  });

  t.test('a stop loses only what PM2 itself has not handed over', async (t) => {
    const tally = await underLoad(ports.stopped, () => command('stop', 'stopped'));
    const theirs = await underLoad(ports.plain, () => command('stop', 'plain'));
    t.comment(`lost at a stop: ${lost(tally)} with a coordinator, ${lost(theirs)} without`);
    const inWorkers = tally.lost.filter(({ opened, firstByte }) => !opened || firstByte !== null);
    t.same(inWorkers, [], 'nothing that a worker had');
  });

  t.test('in fork mode, with a supervisor, a stop loses nobody', async (t) => {
    const workers = await pidsOf(ports.supervised);
    const tally = await underLoad(ports.supervised, () => command('stop', 'supervised'));
    t.equal(lost(tally), 0, JSON.stringify(tally.lost.slice(0, 3)));
    t.ok(tally.counts.refused > 0);
    t.same(await survivors(workers), []);
  });
});
