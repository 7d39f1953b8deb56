// A map that names what is not there sends a contributor astray.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const core = `${root}packages/core/src/`;
const page = readFileSync(`${root}docs/architecture.md`, 'utf8');
const sources = readdirSync(core, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);

/** Files of core by a whole path or the end of one; a file elsewhere by its path from the root. */
const filesOf = (name: string): readonly string[] => {
  const named = sources
    .filter((file) => file === name || file.endsWith(`/${name}`))
    .map((file) => core + file);
  return named.length > 0 || !existsSync(root + name) ? named : [root + name];
};

t.test('every file and folder that architecture.md names is there', async (t) => {
  const names = [...page.matchAll(/`([\w./-]+(?:\.ts|\/))`/g)].map(([, name = '']) => name);
  t.ok(names.length > 100);
  for (const name of new Set(names)) {
    if (!name.endsWith('/')) t.ok(filesOf(name).length > 0, name);
    else
      t.ok(
        [core, root, `${core}connections/`, `${root}test/`].some((folder) => existsSync(folder + name)),
        name,
      );
  }
});

t.test('a name that it gives a place has that place', async (t) => {
  const places = [...page.matchAll(/`(\w+)` (?:of|in)\s`([\w./-]+\.ts)`/g)];
  t.ok(places.length > 8);
  for (const [, name = '', file = ''] of places) {
    const texts = filesOf(file).map((path) => readFileSync(path, 'utf8'));
    const defined = new RegExp(
      String.raw`\b(?:function|class|interface|type|const|let) ${name}\b|^ +(?:readonly )?${name}: `,
      'm',
    );
    t.ok(
      texts.some((text) => defined.test(text)),
      `${name} in ${file}`,
    );
  }
});
