import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { countLost, startLoad, type LoadTally } from '@graceful-cluster/probe';
import { request, survivors } from './cluster-process.ts';

const run = promisify(execFile);
const program = fileURLToPath(new URL('../fixtures/cluster-pm2.js', import.meta.url));

interface Pm2 {
  readonly port: number;
  readonly command: (...args: string[]) => Promise<unknown>;
  readonly pids: () => Promise<readonly number[]>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A PM2 of its own, which runs the program twice in cluster mode. */
async function startPm2(t: Test, folder: string, settings: object): Promise<Pm2> {
  const port = await freePort();
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const home = mkdtempSync(join(folder, 'home-'));
  const app = {
    name: 'app',
    script: program,
    exec_mode: 'cluster',
    instances: 2,
    wait_ready: true,
    listen_timeout: 20_000,
    kill_timeout: 8_000,
    autorestart: false,
    ...settings,
  };
  writeFileSync(join(home, 'app.json'), JSON.stringify({ apps: [app] }));
  const env = { ...inherited, PM2_HOME: join(home, 'pm2'), PORT: String(port) };
  const cli = join(folder, 'node_modules/pm2/bin/pm2');
  const command = (...args: string[]): Promise<{ stdout: string }> =>
    run(process.execPath, [cli, ...args], { env, cwd: home, maxBuffer: 1e8 });
  const pids = async (): Promise<readonly number[]> => {
    const { stdout } = await command('jlist', '--silent');
    const list = JSON.parse(stdout.slice(stdout.indexOf('[{'))) as { readonly pid: number }[];
    return list.map(({ pid }) => pid).filter((pid) => pid > 0);
  };
  t.teardown(() => command('kill'));
  await command('start', join(home, 'app.json'));
  return { port, command, pids };
}

async function underLoad(port: number, work: () => Promise<unknown>): Promise<LoadTally> {
  const load = startLoad({ host: '127.0.0.1', port }, { newConnection: 32, keepAlive: 32, slow: 4 });
  try {
    await new Promise((resolve) => setTimeout(resolve, 500));
    await work();
  } finally {
    load.stop();
    await load.ended;
  }
  return load.result();
}

const lost = ({ counts }: LoadTally): number => countLost(counts);

t.test(
  'PM2',
  { skip: process.env['PM2_TEST'] ? false : 'PM2_TEST is not set', timeout: 180_000 },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'graceful-pm2-'));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(join(folder, 'package.json'), '{"private":true}');
    try {
      const args = ['install', 'pm2', '--ignore-scripts', '--no-audit', '--no-fund', '--no-save'];
      execFileSync('npm', args, { cwd: folder, stdio: 'ignore', timeout: 90_000 });
    } catch {
      t.comment('PM2 could not be installed: is the registry within reach?');
      return;
    }
    t.ok(existsSync(join(folder, 'node_modules/pm2/bin/pm2')));

    t.test('a reload loses nobody', async (t) => {
      const { port, command, pids } = await startPm2(t, folder, {});
      const old = await pids();
      t.equal(old.length, 2);
      const tally = await underLoad(port, () => command('reload', 'app'));
      t.equal(lost(tally), 0, JSON.stringify(tally.lost.slice(0, 3)));
      t.equal(tally.counts.refused, 0);
      t.same(await survivors(old), [], 'the old workers are gone');
      t.equal((await pids()).length, 2);
    });

    t.test('the shutdown message drains', async (t) => {
      const { port, command, pids } = await startPm2(t, folder, { shutdown_with_message: true });
      const old = await pids();
      const slow = [request(port, '/slow?ms=1500'), request(port, '/slow?ms=1500')];
      await Promise.all(slow.map(({ connected }) => connected));
      await command('stop', 'app');
      t.same(new Set((await Promise.all(slow.map(({ ended }) => ended))).map(Number)), new Set(old));
      t.same(await survivors(old), []);
    });

    t.test('a stop loses only what PM2 itself has not handed over', async (t) => {
      const graceful = await startPm2(t, folder, {});
      const tally = await underLoad(graceful.port, () => graceful.command('stop', 'app'));
      await graceful.command('kill');
      const plain = await startPm2(t, folder, { env: { PLAIN: '1' } });
      const theirs = await underLoad(plain.port, () => plain.command('stop', 'app'));
      t.comment(`lost at a stop: ${lost(tally)} with a coordinator, ${lost(theirs)} without`);
      const inWorkers = tally.lost.filter(({ opened, firstByte }) => !opened || firstByte !== null);
      t.same(inWorkers, [], 'nothing that a worker had');
    });
  },
);
