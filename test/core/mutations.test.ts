// The mutation check takes lines out of the compiled code by their text: they must be there.
import { readFileSync } from 'node:fs';
import t from 'tap';

interface Mutation {
  readonly step: string;
  readonly file: string;
  readonly line: string;
  readonly also?: readonly (readonly [string, string])[];
}

const root = new URL('../../../', import.meta.url);

t.test('every line that the mutation check takes out is there', async (t) => {
  const { mutations } = (await import(new URL('scripts/mutations.js', root).href)) as {
    readonly mutations: readonly Mutation[];
  };
  for (const { step, file, line, also = [] } of mutations) {
    const text = readFileSync(new URL(`packages/core/dist/${file}`, root), 'utf8');
    for (const part of [line, ...also.map(([from]) => from)]) t.ok(text.includes(part), `${step}: ${file}`);
  }
});
