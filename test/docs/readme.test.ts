import { readFileSync } from 'node:fs';
import t from 'tap';

const root = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

/** Name and default of each row between two markers. */
function table(text: string, marker: string): Record<string, string> {
  const [, section = ''] = text.split(`<!-- ${marker} -->`);
  const [rows = ''] = section.split(`<!-- /${marker} -->`);
  return Object.fromEntries(
    [...rows.matchAll(/^\| `(\w+)`\s*\| (.+?)\s*\|/gm)].map(([, name, value]) => [
      name,
      value?.replaceAll('`', ''),
    ]),
  ) as Record<string, string>;
}

/** Name and `@defaultValue` of each member of an options interface. */
function source(path: string, name: string): Record<string, string> {
  const [, body = ''] = read(path).split(`export interface ${name} `);
  const [members = ''] = body.split('\n}\n');
  return Object.fromEntries(
    [...members.matchAll(/@defaultValue (.+?)(?:, on Windows.*)?\n[^?]*?readonly (\w+)\?:/g)].map(
      ([, value, member]) => [member, value?.replaceAll('`', '')],
    ),
  ) as Record<string, string>;
}

t.test('the options table is what the source says', async (t) => {
  const readme = read('README.md');
  const options = source('packages/core/src/api/options.ts', 'CoordinatorOptions');
  t.equal(Object.keys(options).length, 12);
  t.strictSame(table(readme, 'options'), options);
  const supervisor = source(
    'packages/core/src/cluster/primary/supervisor-options.ts',
    'SupervisorOptions extends CoordinatorOptions',
  );
  t.equal(Object.keys(supervisor).length, 6);
  t.strictSame(table(readme, 'supervisor options'), supervisor);
});

t.test('what the source says is what the code does', async (t) => {
  const core = import.meta.resolve('@graceful-cluster/core/package.json');
  const { defaults } = (await import(new URL('dist/api/options.js', core).href)) as {
    defaults: Record<string, unknown>;
  };
  for (const [name, value] of Object.entries(
    source('packages/core/src/api/options.ts', 'CoordinatorOptions'),
  )) {
    if (name === 'shutdownDelay')
      t.strictSame(defaults[name], { min: Number(value), max: Number(value), quiet: Infinity });
    else if (value === 'none' || value === 'found out') t.equal(defaults[name], undefined);
    else if (name === 'signals') t.match(defaults[name], ['SIGTERM', 'SIGINT']);
    else t.equal(String(defaults[name]), value.replaceAll("'", ''), name);
  }
});

t.test('every file that the README links to exists', async (t) => {
  for (const [, path = ''] of read('README.md').matchAll(/\]\(([\w./-]+)\)/g)) {
    t.doesNotThrow(() => read(path), path);
  }
});

t.test("core's own README has the same options, word for word", async (t) => {
  for (const name of ['options', 'supervisor options']) {
    const [block = name] =
      new RegExp(`<!-- ${name} -->.*<!-- /${name} -->`, 's').exec(read('README.md')) ?? [];
    t.ok(read('packages/core/README.md').includes(block), name);
  }
});
