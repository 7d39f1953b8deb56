// A test file that no script runs would be forgotten.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');

t.test('every test file is run by npm test or by a script of package.json', async (t) => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const text = [read('.taprc'), ...Object.values(scripts)].join('\n');
  const patterns = [...text.matchAll(/build\/(test\/\S+)\.test\.js/g)].map(
    ([, pattern = '']) => new RegExp(`^${pattern.replaceAll('*', '[^/]*')}\\.test\\.ts$`),
  );
  t.ok(patterns.length > 5);
  const files = readdirSync(`${root}test`, { recursive: true, encoding: 'utf8' })
    .map((file) => `test/${file}`)
    .filter((file) => file.endsWith('.test.ts'));
  const forgotten = files.filter((file) => !patterns.some((pattern) => pattern.test(file)));
  t.same(forgotten, [], 'move these to a folder that is run, or name them in .taprc or package.json');
});
