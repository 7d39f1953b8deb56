// Builds ../prebuilds from addon.c. With --check it builds into a temporary folder and compares the bytes instead;
// only the compiler that made the committed files can do that: elsewhere it is skipped, but fails where CI=true.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import headers from 'node-api-headers';

const native = fileURLToPath(new URL('.', import.meta.url));
const prebuilds = fileURLToPath(new URL('../prebuilds/', import.meta.url));
const record = join(prebuilds, 'compiler.txt');
const targets = [
  // Code and constants in pages of their own would be 4 kB of padding, which GNU ld adds on x64 alone.
  { name: 'linux-x64', compiler: 'gcc', flags: ['-Wl,-z,noseparate-code'] },
  { name: 'linux-arm64', compiler: 'aarch64-linux-gnu-gcc', flags: [] },
];

const flags = [
  '-std=c11 -O2 -Wall -Wextra -Werror -fPIC -fvisibility=hidden -fno-strict-aliasing',
  // No C library: nothing may call into one.
  '-ffreestanding -nostdlib -fno-builtin -fno-tree-loop-distribute-patterns -fno-stack-protector',
  // The same bytes wherever it is built, and nothing that does not run.
  '-s -fno-ident -fno-unwind-tables -fno-asynchronous-unwind-tables -Wl,--build-id=none',
  // GNU ld pads the file to a page where relro is asked for: 3 kB on x64, and 60 kB on arm64, whose pages may have 64 kB.
  '-shared -Wl,--hash-style=both -Wl,-z,now -Wl,-z,norelro -Wl,-z,noexecstack',
].flatMap((line) => line.split(' '));

function run(command, ...args) {
  const { stdout, stderr, status, error } = spawnSync(command, args, {
    cwd: native,
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  if (error?.code === 'ENOENT') return undefined;
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} failed:\n${stderr}`);
  return stdout.trim();
}

/** Compiler and linker in one line, undefined where there is none. */
function versionOf(compiler) {
  const version = run(compiler, '--version');
  if (version === undefined) return undefined;
  const linker = run(run(compiler, '-print-prog-name=ld'), '--version');
  return [version, linker].map((text) => text?.split('\n')[0]).join(', ');
}

function build({ name, compiler, flags: own }, folder) {
  const file = join(folder, `${name}.node`);
  run(compiler, ...flags, ...own, `-I${headers.include_dir}`, 'addon.c', '-o', file);
  return file;
}

function fail(message) {
  console.error(message);
  process.exitCode = 1;
}

function buildAll() {
  mkdirSync(prebuilds, { recursive: true });
  const lines = [];
  for (const target of targets) {
    const version = versionOf(target.compiler);
    if (version === undefined) return fail(`${target.compiler} is not installed; nothing recorded`);
    console.log(`built ${build(target, prebuilds)}`);
    lines.push(`${target.name}: ${version}\n`);
  }
  writeFileSync(record, lines.join(''));
}

function checkAll() {
  const recorded = readFileSync(record, 'utf8').split('\n');
  const folder = mkdtempSync(join(tmpdir(), 'graceful-cluster-'));
  try {
    for (const target of targets) check(target, recorded, folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function check(target, recorded, folder) {
  const { name, compiler } = target;
  const version = versionOf(compiler);
  if (version === undefined || !recorded.includes(`${name}: ${version}`)) {
    const made = recorded.find((line) => line.startsWith(`${name}: `));
    const why = `the prebuild was made with ${made}; ${compiler} here is ${version ?? 'not installed'}`;
    if (process.env.CI === 'true') fail(`cannot check ${name}: ${why}`);
    else console.log(`skipped: ${name}: ${why}`);
    return;
  }
  const same = readFileSync(build(target, folder)).equals(readFileSync(join(prebuilds, `${name}.node`)));
  if (same) console.log(`${name}.node: the same bytes as built from addon.c`);
  else fail(`${name}.node differs from what addon.c gives: run packages/core/native/build.js and commit it`);
}

if (process.argv.includes('--check')) checkAll();
else buildAll();
