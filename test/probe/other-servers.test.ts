// Servers that are not written in Node. What they lose is theirs: that the numbers are told, and that they add up, is
// ours.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { countAttempts, countLost, type Round } from '@graceful-cluster/probe';
import { runProbe } from '../helpers/probe.ts';

interface Report {
  readonly scenarios: readonly {
    readonly name: string;
    readonly status: string;
    readonly rounds: readonly Round[];
  }[];
}

interface ServerCase {
  readonly program: string;
  readonly args: (folder: string) => Promise<readonly string[]>;
  /** What must be applicable to it. */
  readonly scenarios: readonly string[];
}

const chosen = 'new-connection,keep-alive,slow-request,slow-upload,half-head,sse';

const cases: readonly ServerCase[] = [
  {
    program: 'puma',
    args: async () => ['--', 'puma', '-e', 'production', '-t', '8:8', '-q', servers('config.ru')],
    scenarios: ['new-connection', 'keep-alive', 'slow-request', 'slow-upload', 'half-head'],
  },
  {
    program: 'gunicorn',
    args: async () => ['--', 'gunicorn', '--threads', '8', '--chdir', dirname(servers('app.py')), 'app:app'],
    scenarios: ['new-connection', 'keep-alive', 'slow-request', 'slow-upload', 'half-head'],
  },
  {
    program: 'nginx',
    async args(folder) {
      const port = await findPort();
      const text = readFileSync(servers('nginx.conf'), 'utf8')
        .replaceAll('THE_FOLDER', folder)
        .replace('THE_PORT', String(port));
      await writeFile(join(folder, 'nginx.conf'), text);
      const command = ['nginx', '-p', folder, '-c', join(folder, 'nginx.conf')];
      return ['--signal', 'SIGQUIT', '--', ...command];
    },
    scenarios: ['new-connection', 'keep-alive', 'half-head'],
  },
];

t.jobs = 3;

for (const { program, args, scenarios } of cases) {
  const missing = spawnSync(program, ['-v']).error;
  t.test(program, { skip: missing ? `${program} is not installed` : false }, async (t) => {
    const folder = await makeFolder(t);
    const options = ['--reporter', 'json', '--clients', '16', '--slow-path', '/slow', '--scenario', chosen];
    const { code, stdout } = await runProbe([...options, ...(await args(folder))]);
    const report = JSON.parse(stdout) as Report;
    const run = report.scenarios.filter(({ status }) => status !== 'not-applicable');
    t.strictSame(
      run.map(({ name }) => name),
      scenarios,
    );
    let lost = 0;
    for (const { name, status, rounds } of run) {
      const [round] = rounds as [Round];
      lost += countLost(round.counts);
      t.comment(`${name}: ${status}, ${countLost(round.counts)} of ${countAttempts(round.counts)} lost`);
      t.ok(round.counts.answered > 0, `${name}: answered`);
      t.equal(round.lost.length, countLost(round.counts), `${name}: each loss is told`);
      if (countLost(round.counts) > 0) t.equal(status, 'failed');
      t.notOk(round.killed, `${name}: it ended by itself`);
    }
    t.ok(lost > 0 ? code === 1 : code !== 1, `${lost} lost, code ${code}`);
  });
}

async function makeFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'probe-'));
  t.teardown(() => rm(folder, { recursive: true }));
  return folder;
}

async function findPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** What is not compiled is not in the build: look for the folder it was left in. */
function servers(name: string): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const file = join(folder, 'test/fixtures/probe/servers', name);
    if (existsSync(file)) return file;
    if (folder === dirname(folder)) throw new Error(`test/fixtures/probe/servers/${name} not found`);
  }
}
