import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { folder, type Contender } from './contenders.ts';

/**
 * Installs the npm packages of `benchmarks/peers`, where that was not done yet. They are no part of this repository.
 */
export function installPeers(): void {
  const { dependencies } = readManifest(folder);
  const names = Object.entries(dependencies ?? {});
  if (names.every(([name, version]) => versionOf(name) === version)) return;
  console.log(`Installing ${names.length} peers from npm into ${join(folder, 'node_modules')}.`);
  const options = ['--ignore-scripts', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error'];
  const windows = process.platform === 'win32';
  execFileSync('npm', ['install', ...options], { cwd: folder, stdio: 'inherit', shell: windows });
}

/** The version that will run, or nothing where there is none: the Debian package is missing. */
export function findVersion({ npm, debian }: Contender, node: string): string | undefined {
  if (npm !== undefined) return versionOf(npm);
  const [command = node, ...args] = debian?.version ?? [node, '--version'];
  const { error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (error) return undefined;
  return /\d+\.\d+[.\d]*/.exec(stdout + stderr)?.[0];
}

function versionOf(name: string): string | undefined {
  const places = [join(folder, 'node_modules', name), join(folder, '..', '..', 'node_modules', name)];
  const place = places.find((path) => existsSync(path));
  return place === undefined ? undefined : readManifest(place).version;
}

interface Manifest {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

function readManifest(place: string): Manifest {
  return JSON.parse(readFileSync(join(place, 'package.json'), 'utf8')) as Manifest;
}
