// Makes the published form of a package in its folder `lib`: of each entry one CommonJS file, an ES module that only
// passes its exports on, so that a program never holds two copies of the state, and the declarations of both.
// It reads the sources and the declarations that tsc wrote. Run by `prepack` in the folder of a package.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { rollUp } from './declarations.js';

/**
 * Put in front of each entry, before anything is loaded. The code runs where `process.getBuiltinModule` is: from Node
 * 20.16 and 22.3 on; what is tested begins with 20.19 and 22.12. The servers of Bun and Deno are no `net.Server` that
 * could be drained. A program that imports the package there must not start; one that has it put in front by `--import`
 * goes on without it.
 */
const CHECK = `const unsupported =
	process.versions.bun || process.versions.deno
		? 'works on Node.js alone: the servers of Bun and Deno cannot be drained'
		: process.getBuiltinModule
			? undefined
			: 'needs Node 20.19 or later, or 22.12 or later; this is Node ' + process.version;
`;
const guards = {
  index: (name) => `if (unsupported) throw new Error('${name} ' + unsupported);`,
  register: (name) => `if (unsupported) {
	process.stderr.write('${name}/register ' + unsupported + '. This process stops as if it were not there.\\n');
	return;
}`,
};

const folder = process.cwd();
const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
const lib = join(folder, 'lib');

/** Entries by name: `.` is index, `./register` is register. */
const entries = Object.keys(manifest.exports)
  .filter((key) => !key.endsWith('.json'))
  .map((key) => (key === '.' ? 'index' : key.slice(2)));

if (Object.keys(manifest.exports).join() !== Object.keys(manifest.publishConfig.exports).join())
  throw new Error(`${manifest.name}: exports and publishConfig.exports name different entries`);

const sources = new Map(entries.map((name) => [name, join(folder, 'src', `${name}.ts`)]));

const GETTER =
  /Object\.defineProperty\(exports, "(\w+)", \{\n\tenumerable: !0,\n\tget: function\(\) \{\n\t\treturn (\w+);\n\t\}\n\}\)/g;

/** What is short and has no block within, or one line within: it is read on one line as well. */
const SIMPLE = /[[{(]\n[^{}`[\]]*?\n\t*[\]})]/g;
const SINGLE = /[[{(]\n(?:[^`\n]|`[^`\n]*`)*\n\t*[\]})]/g;
function onOneLine(text) {
  const line = text.replaceAll(/\n\t*/g, ' ');
  return line.length > 200 || line.includes('//') ? text : line;
}

/** What is no entry itself: one file, which all entries share, and so its state. */
const isShared = (id) => ![...sources.values()].includes(id);

async function bundle() {
  const build = await rolldown({
    input: Object.fromEntries(sources),
    platform: 'node',
    external: (id) => !/^[./]/.test(id),
    onLog: (_level, log) => {
      throw new Error(log.message);
    },
  });
  const { output } = await build.generate({
    format: 'cjs',
    exports: 'named',
    comments: false,
    // Names and lines stay: a stack trace can be read.
    minify: { compress: true, mangle: false, codegen: false },
    codeSplitting: entries.length > 1 ? { groups: [{ name: 'core', test: isShared }] } : false,
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
  });
  await build.close();
  for (const { fileName, code, name, isEntry, exports } of output) {
    // Neither `require` nor `import`: the same text then works wherever a bundler puts it, in an ES module too.
    const text = code
      .replaceAll(/require\("(node:[^"]+)"\)/g, 'builtin("$1")')
      // What one file passes to the other is constant: a value says it in fewer lines than a function that returns it.
      .replaceAll(GETTER, 'exports.$1 = $2')
      // What Node gives does not ask what it is called on.
      .replaceAll(/\(0, (node_\w+\.\w+)\)/g, '$1')
      .replaceAll(SIMPLE, onOneLine)
      .replaceAll(SINGLE, onOneLine)
      .replaceAll(/^\/\/ src\/(?:.*\/)?/gm, '// ');
    const guard = isEntry ? `${CHECK}${(guards[name] ?? guards.index)(manifest.name)}\n` : '';
    const tail = exports.includes('module.exports') ? '\nmodule.exports = exports["module.exports"];\n' : '';
    const builtin = text.includes('builtin("') ? 'const builtin = process.getBuiltinModule;\n' : '';
    writeFileSync(join(lib, fileName), `"use strict";\n${guard}${builtin}${text}${tail}`);
    if (isEntry) writeFileSync(join(lib, `${name}.mjs`), passOn(name, exports));
  }
}

/** Four spaces are a tenth of what tsc wrote. */
const tabs = (spaces) => '\t'.repeat(spaces.length / 4);

/** The declarations of the CommonJS file, and of the ES module in front of it. */
function declare(entry) {
  const { text, exported } = rollUp(join(folder, 'dist', `${entry}.d.ts`));
  const named = exported.filter(({ alias }) => !alias.startsWith("'"));
  const list = (all) =>
    all
      .map(
        ({ isType, local, alias }) =>
          `${isType ? 'type ' : ''}${local}${alias === local ? '' : ` as ${alias}`}`,
      )
      .join(', ');
  const whole = exported.find(({ alias }) => alias === "'module.exports'")?.local;
  const types = list(named.filter(({ isType }) => isType));
  const end =
    whole === undefined
      ? `export { ${list(named)} };\n`
      : `declare namespace ${whole} {\n    export { ${types} };\n}\nexport = ${whole};\n`;
  writeFileSync(join(lib, `${entry}.d.ts`), `${text}${end}`.replaceAll(/^(?: {4})+/gm, tabs));
  const esm =
    named.length === 0 ? `import './${entry}.js';\n` : `export { ${list(named)} } from './${entry}.js';\n`;
  writeFileSync(join(lib, `${entry}.d.mts`), esm);
}

/** An ES module with the exports of the CommonJS file. */
function passOn(entry, exports) {
  const names = exports.filter((name) => name !== 'default' && name !== 'module.exports');
  if (exports.length === 0) return `import './${entry}.js';\n`;
  const named = `export const { ${names.join(', ')} } = cjs;\n`;
  return `import cjs from './${entry}.js';\n${named}${exports.includes('default') ? 'export default cjs.default;\n' : ''}`;
}

rmSync(lib, { recursive: true, force: true });
mkdirSync(lib);
await bundle();
for (const entry of entries) declare(entry);
