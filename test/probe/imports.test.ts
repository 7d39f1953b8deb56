// The order of the probe's folders, as docs/probe.md has it.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const source = `${root}packages/probe/src`;

const page = readFileSync(`${root}docs/probe.md`, 'utf8');
const [, table = ''] = page.split('<!-- folders -->');
const rows = table.split('<!-- /folders -->')[0] ?? '';
const folders = [...rows.matchAll(/^\| `(\w+)`/gm)].map(([, name = '']) => name);

const topOf = (path: string): string => path.split('/')[0] ?? path;

t.test('every folder is in the table', async (t) => {
  const found = readdirSync(source, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  t.same(
    folders.toSorted((a, b) => a.localeCompare(b)),
    found.map(({ name }) => name).toSorted((a, b) => a.localeCompare(b)),
  );
});

t.test('a folder imports only from those above it in the table', async (t) => {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.includes('/'),
  );
  for (const file of files.filter((name) => name.endsWith('.ts'))) {
    const text = readFileSync(join(source, file), 'utf8');
    const imports = [...text.matchAll(/\b(?:from|import) '(\.[^']+)'/g)].map(([, path = '']) =>
      join(dirname(file), path),
    );
    const own = folders.indexOf(topOf(file));
    const wrong = imports.filter((path) => path.includes('/') && folders.indexOf(topOf(path)) > own);
    t.same(wrong, [], `${file}: move what both need to the lower folder, or pass it as a parameter`);
  }
});
