// Makes a checkout ready to run with nothing but Node and npm: installs what the lockfile names, then compiles.
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync, utimesSync } from 'node:fs';

const root = new URL('..', import.meta.url);
const lockfile = new URL('pnpm-lock.yaml', root);
const installed = new URL('node_modules/.modules.yaml', root);
const { packageManager } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));

const modified = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

function run(command, args) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (error) console.error(`${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

if (modified(installed) < modified(lockfile)) {
  run('npx', ['--yes', packageManager, 'install', '--frozen-lockfile']);
  utimesSync(installed, new Date(), new Date());
}
run(process.execPath, ['node_modules/typescript/bin/tsc', '-b']);
