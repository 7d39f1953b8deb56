import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const VERSION = '7.0.4';
const INSTALL_MS = 120_000;
const folder = fileURLToPath(new URL(`../../pm2-${VERSION}/`, import.meta.url));
const cli = join(folder, 'node_modules/pm2/bin/pm2');

export interface Pm2 {
  readonly reload: () => Promise<void>;
  readonly end: () => Promise<void>;
}

/** Starts a program in PM2's cluster mode, with a daemon of its own. PM2 is downloaded at the first time. */
export async function startPm2(
  node: string,
  env: Readonly<Record<string, string>>,
  workers: number,
): Promise<Pm2> {
  if (!existsSync(cli)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"private":true}');
    const args = ['install', `pm2@${VERSION}`, '--ignore-scripts', '--no-audit', '--no-fund', '--no-save'];
    execFileSync('npm', args, { cwd: folder, stdio: 'ignore', timeout: INSTALL_MS });
  }
  const home = mkdtempSync(join(tmpdir(), 'graceful-pm2-'));
  const script = fileURLToPath(new URL('../../test/fixtures/cluster/pm2.js', import.meta.url));
  const apps = [
    {
      name: 'app',
      script,
      exec_mode: 'cluster',
      instances: workers,
      wait_ready: true,
      kill_timeout: 5_000,
      env,
    },
  ];
  const settings = join(home, 'apps.json');
  writeFileSync(settings, JSON.stringify({ apps }));
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const command = (...args: string[]): Promise<unknown> =>
    run(node, [cli, ...args], { env: { ...inherited, PM2_HOME: home } });
  process.on('exit', () => kill(home, node));
  await command('start', settings);
  return {
    reload: async () => void (await command('reload', 'app')),
    end: async () => {
      await command('kill');
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Ends a daemon that an early end of this process would leave behind. */
function kill(home: string, node: string): void {
  if (!existsSync(home)) return;
  execFileSync(node, [cli, 'kill'], { stdio: 'ignore', env: { ...process.env, PM2_HOME: home } });
  rmSync(home, { recursive: true, force: true });
}
