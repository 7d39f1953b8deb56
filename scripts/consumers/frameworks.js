// Each framework, in each way to write and compile a program.
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

export function tryFrameworks(target, tarballs, wanted) {
  for (const [name, { install, only = Object.keys(variants) }] of Object.entries(programs)) {
    if (!wanted(name)) continue;
    const ours = name === 'fastify' ? ['core', 'fastify'] : name === 'core' ? ['core'] : ['core', 'express'];
    const needed = Object.fromEntries(ours.map((each) => [each, tarballs[each]]));
    const tools = ['@types/node@20', 'typescript@5.9'];
    const folder = createProject(join(target, name), needed, [...tools, ...install]);
    for (const variant of only) tryVariant(name, variant, folder);
  }
}
