// Looks at each package as npm would publish it: publint for the manifest, attw for the types.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'node_modules', '.bin');

function run(command, args, cwd) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: 'inherit' });
  if (error) console.error(`${command}: ${error.message}`);
  if (status !== 0) process.exitCode = 1;
}

for (const name of readdirSync(join(root, 'packages'))) {
  const folder = join(root, 'packages', name);
  const target = mkdtempSync(join(tmpdir(), 'graceful-pack-'));
  console.log(`\n${name}`);
  run('npm', ['pack', '--silent', '--pack-destination', target], folder);
  const [tarball] = readdirSync(target);
  run(join(bin, 'publint'), ['--strict', '--pack', 'npm'], folder);
  run(join(bin, 'attw'), [join(target, tarball), '--profile', 'esm-only'], folder);
  rmSync(target, { recursive: true });
}
