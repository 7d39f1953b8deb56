// Each framework, in each way to write and compile a program.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../pack.js';
import { check, createProject, run, write } from './project.js';
import { EXPECTED, program, programs } from './programs.js';

const strict = [
  '--strict',
  '--exactOptionalPropertyTypes',
  '--target',
  'es2022',
  '--types',
  'node',
  '--esModuleInterop',
];

/** By name: the program's file, what compiles it, and what is run. */
const variants = {
  esm: { file: 'plain.mjs' },
  cjs: { file: 'plain.cjs', kind: 'cjs' },
  strict: { file: 'strict.mts', runs: 'strict.mjs', typescript: 7, flags: ['--module', 'nodenext'] },
  'strict-cjs': { file: 'strict.cts', runs: 'strict.cjs', typescript: 7, flags: ['--module', 'nodenext'] },
  node10: {
    file: 'old.ts',
    runs: 'old.js',
    typescript: 5,
    flags: ['--module', 'commonjs', '--moduleResolution', 'node10'],
  },
};

function tryVariant(name, variant, folder) {
  const { file, kind = 'esm', runs = file, typescript, flags = [] } = variants[variant];
  write(folder, { [file]: program(programs[name], kind) });
  if (typescript !== undefined) {
    const compiler = join(typescript === 7 ? root : folder, 'node_modules/typescript/bin/tsc');
    // What the frameworks declare is theirs; with core alone, ours is looked at too.
    const skip = name === 'core' ? [] : ['--skipLibCheck'];
    const compiled = run(process.execPath, [compiler, ...strict, ...skip, ...flags, file], folder);
    if (!check(`${name}, ${variant}, compiles`, compiled)) return;
  }
  check(`${name}, ${variant}`, run(process.execPath, [runs], folder), EXPECTED);
}

/** The README whose program is tried in the project of each. */
const readmes = { core: 'core', express5: 'express', fastify: 'fastify' };

/** The program of a README, which is stopped soon after it started, and its line for CommonJS. */
function tryReadme(name, folder) {
  const readme = readFileSync(join(root, 'packages', name, 'README.md'), 'utf8');
  const [, text = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  const [, line = ''] = /In CommonJS: `(.*)`/.exec(readme) ?? [];
  write(folder, {
    'readme.mts': `${text.replaceAll('3000', '0')}setTimeout(() => { process.kill(process.pid, 'SIGTERM'); }, 500);\n`,
    'line.cjs': `${line}\nconsole.log(typeof (${/const \{? ?(\w+)/.exec(line)?.[1]}));\n`,
  });
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const flags = [...strict, '--skipLibCheck', '--module', 'nodenext', 'readme.mts'];
  check(`${name}, the README's program, compiles`, run(process.execPath, [compiler, ...flags], folder));
  check(`${name}, the README's program`, run(process.execPath, ['readme.mjs'], folder));
  check(`${name}, the README's line for CommonJS`, run(process.execPath, ['line.cjs'], folder), ['function']);
}

/** Left out of --cheap: Jest tries NestJS 11 too, and Express 4 and 5 look the same to the adapter's imports. */
const LONG = new Set(['express4', 'nest11']);

export function tryFrameworks(target, tarballs, wanted) {
  for (const [name, { install, only = Object.keys(variants) }] of Object.entries(programs)) {
    if (!wanted(name, { long: LONG.has(name) })) continue;
    const ours = name === 'fastify' ? ['core', 'fastify'] : name === 'core' ? ['core'] : ['core', 'express'];
    const needed = Object.fromEntries(ours.map((each) => [each, tarballs[each]]));
    const tools = ['@types/node@20', 'typescript@5.9'];
    const folder = createProject(join(target, name), needed, [...tools, ...install]);
    for (const variant of only) tryVariant(name, variant, folder);
    if (name in readmes) tryReadme(readmes[name], folder);
  }
}
