// Which folder may import which, and how large a file or a function may be.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const packages = fileURLToPath(new URL('../../../packages/', import.meta.url));

const names = ['core', 'express', 'fastify', 'probe'];

const MAX_FILE_LINES = 250;
const MAX_FUNCTION_LINES = 80;

/** Every folder may use these; they use nothing but the two files. */
const ground = ['api', 'node-internals', 'clock.ts', 'stderr.ts'];

/** For each folder of core, the folders that it may import from beside its own. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  api: ['stderr.ts'],
  'node-internals': ['clock.ts'],
  process: ground,
  kernel: ground,
  health: ground,
  listener: [...ground, 'kernel', 'listener/seals'],
  'listener/seals': [...ground, 'kernel', 'listener'],
  drain: [...ground, 'listener'],
  connections: [...ground, 'drain', 'connections/http1', 'connections/http2'],
  'connections/http1': [...ground, 'drain', 'connections'],
  'connections/http2': [...ground, 'drain', 'connections'],
  shutdown: [...ground, 'process', 'kernel', 'listener', 'drain', 'connections'],
  cluster: ['api'],
  threads: [...ground, 'drain', 'shutdown', 'cluster'],
  'cluster/primary': [...ground, 'process', 'listener', 'drain', 'shutdown', 'cluster'],
  'cluster/worker': [...ground, 'process', 'shutdown', 'cluster'],
};

/**
 * The entry points of the package and `create.ts`, where they meet. These may import anything, and nothing below
 * imports them.
 */
const entries = new Set(['index.ts', 'register.ts', 'create.ts', 'adapter.ts']);

/**
 * Factories that keep the state of one thing in their closure. They hold many short functions, and each line more is
 * one that a reader must keep in mind: take from this list, do not add to it.
 */
const wiring = new Set([
  'createMember',
  'createWorkerRole',
  'createConnection',
  'makeCoordinator',
  'openSocket',
  'startClients',
  'trackHttp1',
  'trackHttp2',
  'watchMembers',
  'watchRoundRobin',
]);

interface Source {
  readonly lines: readonly string[];
  /** Files of the same package, relative to `src`. */
  readonly imports: readonly string[];
}

function readSources(name: string): Map<string, Source> {
  const root = `${packages}${name}/src`;
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  return new Map(
    files.toSorted().map((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      const imports = [...text.matchAll(/\b(?:from|import\(|import) ?'(\.[^']+)'/g)].map(([, path = '']) =>
        join(dirname(file), path),
      );
      return [file, { lines: text.trimEnd().split('\n'), imports }];
    }),
  );
}

/** The folder of a file, or the file itself where it lies in `src`. */
const folderOf = (file: string): string => (dirname(file) === '.' ? file : dirname(file));

/** `listener/seals` is part of `listener`: between the two, arrows may go both ways. */
const topFolderOf = (file: string): string => folderOf(file).split('/')[0] ?? file;

/** The first way from something back to itself, if there is one. */
function findCircle(arrows: ReadonlyMap<string, ReadonlySet<string>>): string | undefined {
  const done = new Set<string>();
  function follow(node: string, path: readonly string[]): string | undefined {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node].join(' → ');
    if (done.has(node)) return undefined;
    for (const next of arrows.get(node) ?? []) {
      const circle = follow(next, [...path, node]);
      if (circle !== undefined) return circle;
    }
    done.add(node);
    return undefined;
  }
  for (const node of arrows.keys()) {
    const circle = follow(node, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

/** Functions and methods with a name. The formatter closes each at the indentation of its first line. */
function* functionsIn(lines: readonly string[]): Generator<{ name: string; length: number }> {
  const head =
    /^( *)(?:export )?(?:default )?(?:const )?(?:async )?(?:function\*? )?(\w+)(?:(?:: [^=]+)? = (?:async )?)?[(<](?:.*[({])?$/;
  for (const [index, line] of lines.entries()) {
    const [, indent, name = ''] = head.exec(line) ?? [];
    if (indent === undefined || ['if', 'for', 'while', 'switch', 'catch', 'return'].includes(name)) continue;
    const closes = lines.map(
      (each, at) => at > index && each.startsWith(indent) && /^[)}]/.test(each.slice(indent.length)),
    );
    // A list of parameters of several lines closes with a line that opens the body.
    const first = closes.indexOf(true);
    const end = lines[first]?.endsWith('{') === true ? closes.indexOf(true, first + 1) : first;
    if (line.endsWith('{') || end > first) yield { name, length: end - index + 1 };
  }
}

t.test('core: a folder imports only from those below it', async (t) => {
  for (const [file, { imports }] of readSources('core')) {
    if (entries.has(file) || ['clock.ts', 'stderr.ts'].includes(file)) continue;
    const folder = folderOf(file);
    const allowed = mayImport[folder];
    if (allowed === undefined) {
      t.fail(`${file}: ${folder} is no folder of core yet. Say in mayImport what it may import, and draw it in
docs/architecture.md`);
      continue;
    }
    const wrong = imports.filter((path) => folderOf(path) !== folder && !allowed.includes(folderOf(path)));
    t.same(
      wrong,
      [],
      `${file}: ${folder} may import from ${allowed.join(', ') || 'nothing'}. Pass what it needs as a parameter or a
callback, move the part that both use to a folder below both, or a type that both speak of to api/`,
    );
  }
});

for (const name of names) {
  t.test(`${name}: no circle of imports, no large file, no long function`, async (t) => {
    const sources = readSources(name);
    const files = new Map([...sources].map(([file, { imports }]) => [file, new Set(imports)]));
    const outside = [...files].flatMap(([file, imports]) =>
      [...imports].filter((path) => !sources.has(path)).map((path) => `${file} → ${path}`),
    );
    t.same(outside, [], 'a package reaches another only by its name: import what the other exports');
    const circle = `types count too. Move what both need to a third file`;
    t.equal(findCircle(files), undefined, `files in a circle; ${circle}`);
    const folders = new Map<string, Set<string>>();
    for (const [file, imports] of files) {
      const others = [...imports].map(topFolderOf).filter((folder) => folder !== topFolderOf(file));
      folders.set(topFolderOf(file), new Set([...(folders.get(topFolderOf(file)) ?? []), ...others]));
    }
    t.equal(
      findCircle(folders),
      undefined,
      `folders in a circle; ${circle}, in the lower of the two folders`,
    );

    for (const [file, { lines }] of sources) {
      t.ok(
        lines.length <= MAX_FILE_LINES,
        `${file}: ${lines.length} lines, and ${MAX_FILE_LINES} are the most. Give its second duty a file of its own`,
      );
      for (const { name, length } of functionsIn(lines)) {
        if (length <= MAX_FUNCTION_LINES || wiring.has(name)) continue;
        t.fail(
          `${file}: ${name} has ${length} lines, and ${MAX_FUNCTION_LINES} are the most. Split it by its steps`,
        );
      }
    }
  });
}

t.test('the list of wiring functions names none that has become short', async (t) => {
  const left = new Set(wiring);
  for (const { lines } of names.flatMap((name) => [...readSources(name).values()])) {
    for (const { name, length } of functionsIn(lines)) if (length > MAX_FUNCTION_LINES) left.delete(name);
  }
  t.same([...left], [], 'take these from the list');
});

t.test('core: timers are those of clock.ts, which fake ones do not replace', async (t) => {
  const timers = /(?<![\w.'`])((?:set|clear)(?:Timeout|Interval|Immediate))\(|(process\.nextTick)\(/g;
  for (const [file, { lines }] of readSources('core')) {
    if (file === 'clock.ts') continue;
    const text = lines.join('\n');
    const imported = /import \{([^}]*)\} from '[./]*clock\.ts'/.exec(text)?.[1] ?? '';
    const used = [...text.matchAll(timers)].map(([, name = 'process.nextTick']) => name);
    const wrong = used.filter((name) => !imported.includes(name));
    t.same(wrong, [], `${file}: import ${[...new Set(wrong)].join(', ')} from clock.ts`);
  }
});
