import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { errorCodes, GracefulError, GracefulTypeError, warningCodes } from '@graceful-cluster/core';

const root = new URL('../../../', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('packages/core/package.json', root), 'utf8')) as {
  homepage: string;
};
const page = readFileSync(new URL('docs/errors.md', root), 'utf8');
const sections = page.split(/^### /m).slice(1);
const folder = new URL('packages/core/src/', root);
const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !/\berrors\.ts$/.test(file))
  .map((file) => readFileSync(new URL(file.replaceAll('\\', '/'), folder), 'utf8'))
  .join('\n');

t.test('docs/errors.md explains each code, and no other', async (t) => {
  const explained = sections.map((section) => /^`(\w+)`\n/.exec(section)?.[1]);
  t.strictSame(explained, [...errorCodes, ...warningCodes], 'in the order of the list');
  for (const section of sections) {
    const [title = '', ...rest] = section.split('\n');
    const text = rest.join('\n').split(/^## /m)[0]?.trim() ?? '';
    t.match(
      text,
      /^[A-Z`][^]{40,}\n\n\*\*What to do:\*\* [A-Z][^]{20,}\.$/,
      `${title}: what happened, what to do`,
    );
  }
});

for (const code of errorCodes) {
  t.test(`${code} is thrown somewhere`, async (t) => {
    t.match(sources, new RegExp(`'${code}'(?=,)`), 'by packages/core');
  });
}

for (const code of warningCodes) {
  t.test(`${code} is given somewhere`, async (t) => {
    t.match(sources, new RegExp(`warn\\(\\s*'${code}',`), 'by packages/core');
  });
}

t.test('no code is thrown that is not in the list', async (t) => {
  const known = new Set<string>([...errorCodes, ...warningCodes]);
  const used = new Set(sources.match(/\b(?:ERR|WARN)_GRACEFUL_\w+/g));
  t.strictSame(
    [...used].filter((code) => !known.has(code)),
    [],
  );
});

t.test('errors have a name, a code and a message', async (t) => {
  const error = new GracefulError('ERR_GRACEFUL_TOO_LATE', 'why');
  const [homepage = ''] = /^https:.+(?=\/tree\/)/.exec(manifest.homepage) ?? [];
  const message = `why (${homepage}/blob/main/docs/errors.md#err_graceful_too_late)`;
  t.ok(error instanceof Error && !(error instanceof TypeError));
  t.match(error.stack, /^GracefulError: why \(https|^Error: why \(https/);
  t.match(error, { name: 'GracefulError', code: 'ERR_GRACEFUL_TOO_LATE', message });
  const wrong = new GracefulTypeError('ERR_GRACEFUL_INVALID_OPTION', 'why');
  t.ok(wrong instanceof TypeError);
  t.match(wrong, { name: 'GracefulTypeError', code: 'ERR_GRACEFUL_INVALID_OPTION', message: /^why \(https/ });
  // @ts-expect-error -- codes are a closed list
  t.ok(new GracefulError('ERR_OTHER', 'why'));
});
