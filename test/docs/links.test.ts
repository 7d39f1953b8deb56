// Every relative link of the documentation leads somewhere, and every page of docs/ can be reached.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const exists = (path: string): boolean => existsSync(join(root, path));

const pagesIn = (folder: string): string[] =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));

const docs = pagesIn('docs');
const pages = [
  ...pagesIn('.'),
  ...docs,
  ...pagesIn('benchmarks'),
  ...readdirSync(join(root, 'packages')).flatMap((name) => pagesIn(`packages/${name}`)),
];

/** The index of the documentation. */
const index = exists('docs/README.md') ? 'docs/README.md' : 'README.md';

const withoutCode = (text: string): string =>
  text.replaceAll(/^( *)(```+|~~~+).*\n[^]*?^\1\2 *$/gm, '').replaceAll(/`[^`\n]*`/g, '`');

/** Targets of `[text](target)`, of `[name]: target` and of `href="target"` or `src="target"`. */
function linksOf(page: string): string[] {
  const links = /\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)|^\[[^\]]+\]: (\S+)|(?:href|src|srcset)="([^"]+)"/gm;
  return [...withoutCode(read(page)).matchAll(links)].map(
    ([, inline, named, html]) => inline ?? named ?? html ?? '',
  );
}

/** The anchors that GitHub makes of a page's headings. */
function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  const text = read(page).replaceAll(/^( *)(```+|~~~+).*\n[^]*?^\1\2 *$/gm, '');
  for (const [, heading = ''] of text.matchAll(/^#{1,6} +(.+?)(?: +#+)? *$/gm)) {
    const slug = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count += 1) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  for (const [, id = ''] of text.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(id);
  return anchors;
}

const isRelative = (link: string): boolean => !/^(?:[a-z][a-z+.-]*:|\/\/)/i.test(link);

/** What a link of a page leads to: a path from the root of the repository, and the name of a heading. */
function follow(page: string, link: string): { path: string; anchor: string | undefined } {
  const [target = '', anchor] = decodeURI(link).split('#');
  return { path: target === '' ? page : join(dirname(page), target), anchor };
}

for (const page of pages) {
  t.test(`${page}: every relative link leads somewhere`, async (t) => {
    for (const link of linksOf(page).filter(isRelative)) {
      const { path, anchor } = follow(page, link);
      t.ok(!path.startsWith('..') && exists(path), `${link}: the file is there`);
      if (anchor === undefined || !path.endsWith('.md') || !exists(path)) continue;
      t.ok(anchorsOf(path).has(anchor), `${link}: ${path} has the heading`);
    }
  });
}

t.test(`every page of docs/ can be reached from ${index}`, async (t) => {
  const reached = new Set([index]);
  for (const page of reached) {
    for (const link of linksOf(page).filter(isRelative)) {
      const { path } = follow(page, link);
      if (docs.includes(path)) reached.add(path);
    }
  }
  t.same(
    docs.filter((page) => !reached.has(page)),
    [],
    `name these in ${index}`,
  );
  const named = new Set(linksOf('README.md').map((link) => follow('README.md', link).path));
  t.same(
    docs.filter((page) => !named.has(page)),
    [],
    'name these in README.md',
  );
});

t.test('what looks for links finds them', async (t) => {
  t.ok(linksOf('README.md').length > 10);
  t.ok(anchorsOf('README.md').has('options'));
});
