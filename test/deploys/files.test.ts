// The Compose file against the published schema, and the unit files against systemd's own check. compose-spec.json is
// schema/compose-spec.json of github.com/compose-spec/compose-spec (Apache-2.0), commit 170098ba07d9 of June 2026,
// formatted.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import t from 'tap';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

t.test('examples/docker/compose.yaml', async (t) => {
  const { $schema, ...schema } = JSON.parse(read('test/deploys/compose-spec.json')) as Record<string, object>;
  t.ok($schema, 'Ajv knows draft 7 by another address');
  const validate = new Ajv({ strict: false }).compile(schema);
  const check = (text: string): string | undefined =>
    validate(parse(text)) ? undefined : JSON.stringify(validate.errors);

  const text = read('examples/docker/compose.yaml');
  t.equal(check(text), undefined);
  const wrong = {
    'an unknown key': text.replace('stop_grace_period', 'stop_grace_time'),
    'a wrong type': text.replace("['3000:3000']", "'3000:3000'"),
  };
  for (const [what, changed] of Object.entries(wrong)) {
    t.not(changed, text);
    t.ok(check(changed), `${what} is found`);
  }
});

const noSystemd = spawnSync('systemd-analyze', ['--version']).status !== 0 && 'there is no systemd-analyze';
t.test('examples/systemd', { skip: noSystemd }, async (t) => {
  // The check wants the program of a unit to be there.
  const units = readdirSync(join(root, 'examples/systemd')).filter((name) =>
    /\.(?:service|socket)$/.test(name),
  );
  t.same(units.toSorted(), ['web.service', 'web.socket']);
  const verify = (change: (text: string) => string): string => {
    const folder = mkdtempSync(join(tmpdir(), 'graceful-units-'));
    try {
      for (const name of units) {
        const text = read(`examples/systemd/${name}`).replace('/usr/bin/node', process.execPath);
        writeFileSync(join(folder, name), change(text));
      }
      const paths = units.map((name) => join(folder, name));
      const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', ...paths], {
        encoding: 'utf8',
      });
      return status === 0 && stdout + stderr === '' ? '' : `${status} ${stdout}${stderr}`;
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  t.equal(verify(String), '');
  const wrong = {
    'an unknown key': ['WatchdogSec=', 'WatchdogSeconds='],
    'a wrong value': ['TimeoutStopSec=15', 'TimeoutStopSec=soon'],
    'a program that is not there': [process.execPath, '/usr/bin/nodule'],
  };
  for (const [what, [from = '', to = '']] of Object.entries(wrong))
    t.not(
      verify((text) => text.replace(from, to)),
      '',
      `${what} is found`,
    );
});
