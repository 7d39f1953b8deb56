// Packs the packages as `pnpm publish` would, which rewrites the manifest by `publishConfig` and runs `prepack`.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

export const packages = readdirSync(join(root, 'packages'));

/** @returns the tarball of each package by its name */
export function packAll(target, names = packages) {
  const tarballs = {};
  for (const name of names) {
    const cwd = join(root, 'packages', name);
    const args = ['--yes', packageManager, 'pack', '--pack-destination', target];
    const { status, stdout, stderr, error } = spawnSync('npx', args, { cwd, encoding: 'utf8' });
    if (status !== 0) throw new Error(`cannot pack ${name}\n${stdout}${stderr}${error ?? ''}`);
    tarballs[name] = join(target, readdirSync(target).find((file) => file.includes(`-${name}-`)) ?? name);
  }
  return tarballs;
}
