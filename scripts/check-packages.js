// Looks at each package as npm would get it: publint for the manifest, attw for the types, and its size.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packAll, packages, root } from './pack.js';

const bin = join(root, 'node_modules', '.bin');

/** The most that a package may have: files, and kB unpacked. */
const LIMITS = { core: [30, 270], express: [12, 40], fastify: [12, 40], probe: [400, 1_300] };

/** What npm shows of a package on its page. */
const SHOWN = ['author', 'bugs', 'description', 'homepage', 'keywords', 'license', 'repository'];

function run(command, args) {
  const { status, error } = spawnSync(join(bin, command), args, { stdio: 'inherit' });
  if (error) console.error(`${command}: ${error.message}`);
  if (status !== 0) process.exitCode = 1;
}

function output(command, args, cwd) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) fail(`${command} ${args.join(' ')}: ${stderr}`);
  return stdout;
}

function fail(message) {
  console.error(`not ok: ${message}`);
  process.exitCode = 1;
}

function checkSize(name, tarball) {
  const lines = output('tar', ['-tvzf', tarball]).trim().split('\n');
  const kilobytes = lines.reduce((sum, line) => sum + Number(line.split(/\s+/)[2]), 0) / 1_000;
  const packed = readFileSync(tarball).length / 1_000;
  const [files, size] = LIMITS[name];
  console.log(`${lines.length} files, ${kilobytes.toFixed(1)} kB unpacked, ${packed.toFixed()} kB packed`);
  if (lines.length > files) fail(`${name}: ${lines.length} files, of ${files} at most`);
  if (kilobytes > size) fail(`${name}: ${kilobytes.toFixed()} kB unpacked, of ${size} kB at most`);
}

function checkManifest(name, tarball) {
  const manifest = JSON.parse(output('tar', ['-xzOf', tarball, 'package/package.json']));
  for (const key of SHOWN) if (manifest[key] === undefined) fail(`${name}: no ${key} in its manifest`);
  if (JSON.stringify(manifest).includes('workspace:')) fail(`${name}: a workspace range in its manifest`);
  const readme = output('tar', ['-xzOf', tarball, 'package/README.md']);
  for (const [link] of readme.matchAll(/\]\((?!https?:|#)[^)]*\)/g))
    fail(`${name}: its README has the dead link ${link}`);
}

/** `npm pack` and `npm publish` would ship the manifest of the repository, which names files that are not there. */
function checkGuard(name) {
  const cwd = join(root, 'packages', name);
  const { status, stderr } = spawnSync('npm', ['publish', '--dry-run'], { cwd, encoding: 'utf8' });
  if (status === 0 || !stderr.includes('npm run release'))
    fail(`${name}: npm publish is not held back: ${stderr}`);
}

const target = mkdtempSync(join(tmpdir(), 'graceful-pack-'));
try {
  const tarballs = packAll(target);
  for (const name of packages) {
    console.log(`\n${name}`);
    checkSize(name, tarballs[name]);
    checkManifest(name, tarballs[name]);
    checkGuard(name);
    run('publint', ['run', tarballs[name], '--strict']);
    run('attw', [
      tarballs[name],
      '--no-color',
      '--no-emoji',
      ...(name === 'probe' ? ['--profile', 'esm-only'] : []),
    ]);
  }
} finally {
  rmSync(target, { recursive: true });
}
