// The manifests of examples/kubernetes against the types that kubernetes-types makes of the published OpenAPI schema:
// the compiler finds a wrong type, a missing field and an unknown key.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { parseAllDocuments } from 'yaml';
import { pristine } from '../helpers/child.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const folder = join(root, 'examples/kubernetes');

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
}

/** What the compiler says of the manifests; empty if nothing. */
function check(manifests: readonly Manifest[]): string {
  const lines = manifests.map((manifest, index) => {
    const { apiVersion, kind } = manifest;
    const module = apiVersion === 'v1' ? 'core/v1' : apiVersion;
    return `export const m${index}: import('kubernetes-types/${module}').${kind} = ${JSON.stringify(manifest)};`;
  });
  // Within the checkout, so that the types are found.
  const directory = mkdtempSync(join(root, 'build/manifests-'));
  try {
    const file = join(directory, 'manifests.ts');
    writeFileSync(file, lines.join('\n'));
    const options =
      '--noEmit --strict --ignoreConfig --module esnext --moduleResolution bundler --types node';
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const [command, ...args] = [...pristine, compiler, ...options.split(' '), file];
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', cwd: root });
    return status === 0 ? '' : `${stdout}${stderr}`;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
t.ok(files.length > 0);

for (const name of files) {
  t.test(name, async (t) => {
    const documents = parseAllDocuments(readFileSync(join(folder, name), 'utf8'));
    t.same(
      documents.flatMap(({ errors }) => errors),
      [],
    );
    const manifests = documents.map((document) => document.toJS() as Manifest);
    t.equal(check(manifests), '');

    const text = JSON.stringify(manifests[0]);
    const wrong = {
      'an unknown key': text.replace('"periodSeconds"', '"periodSecond"'),
      'a wrong type': text.replace('"periodSeconds":2', '"periodSeconds":"2s"'),
      'a missing field': text.replace('"name":"web","image"', '"image"'),
    };
    for (const [what, changed] of Object.entries(wrong)) {
      t.not(changed, text);
      t.match(check([JSON.parse(changed) as Manifest]), /error TS/, `${what} is found`);
    }
  });
}
