// Writes docs/api.md from the public types and their comments; with --check it only says whether the page is up to
// date.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The entry points, and the files that describe what each is for where that is no exported name. */
const entries = [
  ['@graceful-cluster/core', 'packages/core/src/index.ts'],
  ['@graceful-cluster/core/adapter', 'packages/core/src/adapter.ts'],
  ['@graceful-cluster/fastify', 'packages/fastify/src/index.ts'],
  ['@graceful-cluster/express', 'packages/express/src/index.ts'],
];

const doc = String.raw`(?:/\*\*(?:(?!\*/)[^])*\*/\n)?`;

function sourcesOf(entry) {
  const folder = join(root, entry, '..');
  return readdirSync(folder, { recursive: true })
    .filter((file) => file.endsWith('.ts'))
    .toSorted((a, b) => a.localeCompare(b))
    .map((file) => readFileSync(join(folder, file), 'utf8'));
}

/** Names that an entry exports, those it re-exports from other files of its package included. */
function exportsOf(text) {
  const lists = [...text.matchAll(/^export (?:type )?\{([^}]*)\} from '\.[^']*';/gm)].flatMap(([, list]) =>
    list.split(',').map((name) => name.replace(/^\s*type /, '').trim()),
  );
  const own = [...text.matchAll(/^export (?:const|function|interface|class|type) (\w+)/gm)].map(
    ([, name]) => name,
  );
  return [...new Set([...lists, ...own])].filter((name) => name !== '');
}

/** The comment and the declaration of a name: a whole interface, or the head of a function or constant. */
function findDeclaration(name, sources) {
  for (const text of sources) {
    const found = new RegExp(
      String.raw`^(${doc})export (?:declare )?(interface|class|function|const|type) ${name}\b`,
      'm',
    ).exec(text);
    if (found === null) continue;
    const start = found.index + found[1].length;
    const rest = text.slice(start);
    const [, comment, kind] = found;
    const ends = {
      interface: /^\}$/m,
      class: /^\}$/m,
      type: /;\n(?=\n|$|export|\/\*\*)/,
      function: /\{\n|;\n/,
      const: /(?: = |;\n)/,
    };
    const end = ends[kind].exec(rest);
    const code = rest.slice(
      0,
      end.index + (kind === 'interface' || kind === 'class' ? 1 : kind === 'type' ? 1 : 0),
    );
    return { comment: plain(comment), code: code.replace(/^export /, '').trim(), kind };
  }
  return undefined;
}

/** The text of a doc comment. */
function plain(comment) {
  return comment
    .replace(/^\s*\/\*\*\s?|\s*\*\/\s*$/g, '')
    .replaceAll(/^\s*\* ?/gm, '')
    .replaceAll(/^@(\w+) ?/gm, '@$1 ')
    .replaceAll(/@defaultValue/g, 'Default:')
    .replaceAll(/@returns/g, 'Returns')
    .replaceAll(/@throws/g, 'Throws')
    .replaceAll(/@param (\w+) - /g, '`$1`: ')
    .trim();
}

function section(name, sources) {
  const found = findDeclaration(name, sources);
  if (found === undefined) throw new Error(`no declaration of ${name} was found`);
  const { comment, code } = found;
  return `### ${name}\n\n${comment === '' ? '' : `${comment}\n\n`}\`\`\`typescript\n${code}\n\`\`\`\n`;
}

const page = [
  '# Every public name',
  '',
  'Written by `npm run docs:api` from the types and their comments; a test keeps the two equal. All times are in milliseconds. The options',
  'are in [the README](../README.md#options), the error codes in [errors.md](errors.md).',
  '',
  ...entries.flatMap(([name, entry]) => {
    const sources = sourcesOf(entry);
    const names = exportsOf(readFileSync(join(root, entry), 'utf8')).toSorted((a, b) => a.localeCompare(b));
    return [`## ${name}`, '', ...names.map((each) => section(each, sources))];
  }),
].join('\n');

const file = join(root, 'docs/api.md');
const written = `${page.trimEnd()}\n`;
if (process.argv.includes('--check')) {
  const current = readFileSync(file, 'utf8');
  if (current !== written) {
    console.error('docs/api.md is not what the types say: run npm run docs:api');
    process.exitCode = 1;
  }
} else {
  writeFileSync(file, written);
}
