// Every piece of TypeScript and JavaScript in the documentation is compiled as it stands. Where a page shows a part of
// a program, the names below stand for the rest of it; the pages named in `whole` have their imports with them.
// Programs of docs/frameworks.md and docs/observability.md are also run, by `npm run test:recipes`.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { pristine } from '../helpers/child.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const folder = join(root, 'build/snippets');

const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`),
  ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}/README.md`),
].filter((page) => page.endsWith('.md'));

/** Pages whose pieces can be copied as they stand. */
const whole = new Set(
  ['frameworks', 'migrating', 'observability', 'troubleshooting'].map((name) => `docs/${name}.md`),
);

/** What a part of a program takes for granted. */
const given: Readonly<Record<string, string>> = {
  app: 'any',
  coordinator: "import('@graceful-cluster/core').ShutdownCoordinator",
  fastify: "import('fastify').FastifyInstance",
  server: "import('node:http').Server",
  pool: 'any',
  api: "import('fastify').FastifyInstance",
  admin: "import('fastify').FastifyInstance",
  supervisor: "import('@graceful-cluster/core').ClusterSupervisor",
  createCoordinator: "typeof import('@graceful-cluster/core').createCoordinator",
  getCoordinator: "typeof import('@graceful-cluster/core').getCoordinator",
  superviseCluster: "typeof import('@graceful-cluster/core').superviseCluster",
  graceful: "typeof import('@graceful-cluster/express').graceful",
  gracefulCluster: "typeof import('@graceful-cluster/fastify').gracefulCluster",
};

interface Snippet {
  readonly page: string;
  /** Where its first line is in the page. */
  readonly line: number;
  readonly text: string;
  readonly file: string;
  /** Lines that were put before it. */
  readonly before: number;
}

function findSnippets(page: string): Snippet[] {
  const text = readFileSync(join(root, page), 'utf8');
  const fences = /^( *)```(ts|js|mjs|cjs)\b[^\n]*\n(.*?)^\1```/gms;
  return [...text.matchAll(fences)].map((match, index) => {
    const [, indent = '', language = '', code = ''] = match;
    const line = text.slice(0, match.index).split('\n').length + 1;
    const bare = code.replaceAll(/\/\/.*$|'[^'\n]*'/gm, '');
    const isDeclared = (name: string): boolean =>
      new RegExp(`\\b(?:const|let|function|import)\\b[^;=(]*\\b${name}\\b`).test(bare);
    const names = Object.keys(given).filter(
      (name) => !whole.has(page) && new RegExp(`(?<!\\.)\\b${name}\\b`).test(bare) && !isDeclared(name),
    );
    const prelude = names.map((name) => `declare const ${name}: ${given[name]};\n`).join('');
    const extension = language === 'cjs' || /\brequire\(/.test(code) ? 'cts' : 'mts';
    const file = `${page.replaceAll(/[^a-z\d]+/gi, '-')}-${index + 1}.${extension}`;
    const body = indent === '' ? code : code.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
    const loose = language === 'ts' ? '' : '// @ts-nocheck\n';
    writeFileSync(join(folder, file), `${loose}${prelude}${body}\nexport {};\n`);
    return { page, line, text: body, file, before: names.length + (loose === '' ? 0 : 1) };
  });
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const snippets = pages.flatMap(findSnippets);
const compilerOptions = {
  noEmit: true,
  module: 'node20',
  target: 'es2023',
  lib: ['es2023', 'esnext.disposable'],
  types: ['node'],
  strict: true,
  skipLibCheck: true,
  esModuleInterop: true,
};
writeFileSync(
  join(folder, 'tsconfig.json'),
  JSON.stringify({ compilerOptions, include: ['*.mts', '*.cts'] }),
);

t.test('there are pieces to compile', async (t) => {
  t.ok(snippets.length > 30, `${snippets.length} pieces`);
});

t.test('all of them compile', async (t) => {
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const [command = '', ...rest] = pristine;
  const args = [...rest, compiler, '-p', folder, '--pretty', 'false'];
  const { stdout, status } = spawnSync(command, args, { cwd: folder, encoding: 'utf8' });
  t.ok(status === 0 || stdout.includes('error TS'), 'the compiler ran');
  // A package that is not installed here is one of a recipe, and a file is one that the reader has.
  const elsewhere = /error TS(?:2307|7016): .*module '(?!@graceful-cluster)/;
  const errors = stdout.split('\n').filter((line) => line !== '' && !elsewhere.test(line));
  const explained = errors.map((error) => {
    const [, file = '', at = '0'] = /^(\S+?)\((\d+),/.exec(error) ?? [];
    const snippet = snippets.find((each) => each.file === file);
    if (snippet === undefined) return error;
    return `${snippet.page}:${snippet.line + Number(at) - 1 - snippet.before}: ${error}`;
  });
  t.same(explained, []);
});

t.test('what they import of ours exists', async (t) => {
  for (const { page, line, text } of snippets) {
    for (const [, names = '', from = ''] of text.matchAll(
      /import \{([^}]+)\} from '(@graceful-cluster\/[^']+)'/g,
    )) {
      const module = (await import(from)) as Record<string, unknown>;
      for (const name of names.split(',').map((each) => each.trim().split(' as ')[0] ?? '')) {
        if (!name.startsWith('type ') && name !== '')
          t.ok(name in module, `${page}:${line}: ${name} of ${from}`);
      }
    }
  }
});

t.test('the dashboard has the metrics of the page', async (t) => {
  const page = readFileSync(join(root, 'docs/observability.md'), 'utf8');
  const dashboard = readFileSync(join(root, 'docs/grafana.json'), 'utf8');
  t.ok(JSON.parse(dashboard));
  const defined = new Set([...page.matchAll(/name: '(graceful_\w+)'/g)].map(([, name]) => name));
  t.same(new Set(dashboard.match(/graceful_\w+/g)), defined);
});
