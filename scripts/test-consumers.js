// Installs the packages as npm would publish them into fresh projects, as users would, and stops a server from each.
// Without arguments all of them; otherwise those that are named:
//   core express5 express4 fastify nest11 nest12   the frameworks, in ESM, CommonJS, TypeScript strict and
//                                                  node10; and the programs of the packages' READMEs
//   jest esbuild webpack ncc tsup sea              the tools
//   pnpm yarn                                      other package managers
//   old-node bun deno                              what is not supported, and says so
// --cheap leaves out what takes long: CI runs that.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tryFrameworks } from './consumers/frameworks.js';
import { tryRuntimes } from './consumers/runtimes.js';
import { tryTools } from './consumers/tools.js';
import { tryManagers } from './consumers/managers.js';
import { counts } from './consumers/project.js';
import { packAll } from './pack.js';

const names = process.argv.slice(2).filter((name) => !name.startsWith('--'));
const target = mkdtempSync(join(tmpdir(), 'graceful-consumers-'));

/** Whether it was asked for; `long` leaves out of --cheap. */
const wanted = (name, { long = false } = {}) =>
  names.length > 0 ? names.includes(name) : !(long && process.argv.includes('--cheap'));

try {
  const tarballs = packAll(target, ['core', 'express', 'fastify']);
  for (const part of [tryFrameworks, tryTools, tryManagers, tryRuntimes]) part(target, tarballs, wanted);
} finally {
  rmSync(target, { recursive: true });
}
const { passed, failed } = counts();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
