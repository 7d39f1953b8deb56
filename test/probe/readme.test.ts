import { readFileSync } from 'node:fs';
import t from 'tap';

const root = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const manifest = import.meta.resolve('@graceful-cluster/probe/package.json');
const internal = (path: string): Promise<unknown> => import(new URL(`dist/${path}`, manifest).href);

t.test('the options table is what the command line takes', async (t) => {
  const { createProgram } = (await internal('cli/options.js')) as {
    createProgram: () => { options: { flags: string; defaultValue?: unknown }[] };
  };
  const [, rows = ''] = read('packages/probe/README.md').split('<!-- options -->');
  const [section = ''] = rows.split('<!-- /options -->');
  const documented = [...section.matchAll(/^\| `(-.+?)`\s*\| (.+?)\s*\|/gm)].map(([, flags, value]) => [
    flags,
    value,
  ]);
  const program = createProgram().options.filter(({ flags }) => !flags.startsWith('-V'));
  t.strictSame(
    documented.map(([flags]) => flags),
    program.map(({ flags }) => flags),
  );
  for (const { flags, defaultValue } of program) {
    if (typeof defaultValue !== 'number' && typeof defaultValue !== 'string') continue;
    t.strictSame(
      [flags, `\`${defaultValue}\``],
      documented.find(([name]) => name === flags),
    );
  }
});

t.test('every scenario is documented', async (t) => {
  const { scenarios } = (await internal('scenarios/all.js')) as { scenarios: { name: string }[] };
  const [, section = ''] = read('docs/probe.md').split(/^## (?:Scenarios|Other servers)$/m);
  const documented = [...section.matchAll(/^\| `([\w-]+)`/gm)].map(([, name]) => name);
  t.strictSame(
    documented,
    scenarios.map(({ name }) => name),
  );
});

t.test('the table of errors has every code', async (t) => {
  const [, codes = ''] = /type ProbeErrorCode =([^;]+);/.exec(read('packages/probe/src/errors.ts')) ?? [];
  const [, rows = ''] = read('packages/probe/README.md').split('<!-- errors -->');
  const [section = ''] = rows.split('<!-- /errors -->');
  t.strictSame(section.match(/ERR_PROBE_\w+/g), codes.match(/ERR_PROBE_\w+/g));
});
