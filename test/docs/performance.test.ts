import { readFileSync } from 'node:fs';
import t from 'tap';

interface Target {
  readonly what: string;
  readonly target: string;
  readonly bench: string;
}

const file = new URL('../../benchmarks/helpers/targets.js', import.meta.url);
const { targets } = (await import(file.href)) as { targets: Readonly<Record<string, Target>> };
const page = readFileSync(new URL('../../../docs/performance.md', import.meta.url), 'utf8');

/** The cells of each row of the page's first table, without those of its head. */
const rows = page
  .slice(0, page.indexOf('\n## '))
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(2)
  .map((line) =>
    line
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim())
      .slice(1, -1),
  );

t.test('docs/performance.md has the rows that the benchmarks print', async (t) => {
  const there = rows.map(([what, target, ...rest]) => ({ what, target, command: rest.at(-1) }));
  const wanted = Object.values(targets).map(({ what, target, bench }) => ({
    what,
    target,
    command: `\`npm run bench -- ${bench}\``,
  }));
  t.same(there, wanted);
});

t.test('each row has a number for Node 20, one for Node 24, and what stands in the way', async (t) => {
  for (const [what = '', , node20 = '', node24 = '', limit = ''] of rows) {
    t.match(node20, /\d/, what);
    t.match(node24, /\d/, what);
    t.not(limit, '', what);
  }
});
