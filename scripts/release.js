// Publishes all packages: npm run release. Nothing is published with --dry-run, which CI runs.
// Versions and changelogs are made before, by `pnpm version -r`, from the notes that `pnpm change` wrote.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packages, root } from './pack.js';

const dry = process.argv.includes('--dry-run');
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

function run(command, ...args) {
  console.log(`$ ${command} ${args.join(' ')}`);
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error) console.error(error.message);
  if (status !== 0) process.exit(status ?? 1);
}

const manifests = packages.map((name) =>
  JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')),
);
const versions = new Set(manifests.map(({ version }) => version));
if (versions.size !== 1) throw new Error(`the packages have different versions: ${[...versions].join(', ')}`);
for (const { name, version } of manifests) {
  const changelog = readFileSync(join(root, 'packages', name.split('/')[1], 'CHANGELOG.md'), 'utf8');
  if (!changelog.includes(`## ${version}`))
    throw new Error(`the changelog of ${name} does not mention ${version}`);
}

run(process.execPath, 'scripts/check-packages.js');
if (dry) {
  run('npx', '--yes', packageManager, 'publish', '-r', '--dry-run', '--no-git-checks');
} else {
  run('npm', 'test');
  run(process.execPath, 'scripts/test-consumers.js');
  run('npx', '--yes', packageManager, 'publish', '-r');
  run('git', 'tag', `v${[...versions][0]}`);
}
