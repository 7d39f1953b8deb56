// Which process gets the signal: what a container starts as its process 1, whether the program hears of SIGTERM then,
// and whether it says so at its start where it will not.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import t from 'tap';
import { containerUnavailable, startContainer } from './container.ts';
import { table } from './table.ts';

const node = process.execPath;
const program = fileURLToPath(new URL('../fixtures/deploys/process-one.js', import.meta.url));
const examples = fileURLToPath(new URL('../../../examples', import.meta.url));
const line = `${node} ${program}`;

/** As long as `docker stop` waits. */
const KILL_AFTER_MS = 10_000;

interface Case {
  readonly name: string;
  readonly command: readonly string[];
  readonly right: boolean;
  readonly needs?: string;
}

const cases: readonly Case[] = [
  { name: 'node server.js', command: [node, program], right: true },
  { name: "sh -c 'node server.js; true'", command: ['sh', '-c', `${line}; true`], right: false },
  { name: "sh -c 'node server.js & wait'", command: ['sh', '-c', `${line} & wait`], right: false },
  { name: "sh -c 'exec node server.js'", command: ['sh', '-c', `exec ${line}`], right: true },
  { name: "bash -c 'node server.js; true'", command: ['bash', '-c', `${line}; true`], right: false },
  {
    name: 'sh entrypoint.sh, with a trap that passes it on',
    command: ['sh', '-c', `trap 'kill $pid; wait $pid' TERM; ${line} & pid=$!; wait $pid`],
    right: true,
  },
  { name: 'npm start', command: ['npm', 'start', '--silent'], right: false },
  { name: 'npm start, a script with exec', command: ['npm', 'run', 'exec', '--silent'], right: true },
  { name: "npx -c 'node server.js'", command: ['npx', '-c', line], right: false },
  { name: 'tini -- node server.js', command: ['tini', '--', node, program], right: true, needs: 'tini' },
  { name: 'tini -- npm start', command: ['tini', '--', 'npm', 'start'], right: false, needs: 'tini' },
  {
    name: "dumb-init sh -c 'node server.js; true'",
    command: ['dumb-init', 'sh', '-c', `${line}; true`],
    right: false,
    needs: 'dumb-init',
  },
  {
    name: 'dumb-init node server.js',
    command: ['dumb-init', node, program],
    right: true,
    needs: 'dumb-init',
  },
];

const missing = (needs = 'sh'): string | false =>
  spawnSync('sh', ['-c', `command -v ${needs}`]).status !== 0 && `${needs} is not installed`;

/** `answered`, another status, or the code of the error. */
function ask(port: number, path = '/'): Promise<string> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      response.resume();
      response.on('error', () => resolve('cut'));
      response.on('end', () =>
        resolve(response.statusCode === 200 ? 'answered' : String(response.statusCode)),
      );
    });
    request.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'error'));
  });
}

/** The CMD of examples/docker/Dockerfile, with the Node that runs this. */
function exampleCommand(): readonly string[] {
  const text = readFileSync(join(examples, 'docker/Dockerfile'), 'utf8');
  const command = JSON.parse(/^CMD (.*)$/m.exec(text)?.[1] ?? '[]') as readonly string[];
  return command.map((word) => (word === 'node' ? node : word));
}

const rows = [['process 1', 'request in flight', 'ended', 'warned']];

t.test('process 1', { skip: containerUnavailable() }, async (t) => {
  // Most of the time is waited.
  t.jobs = 4;
  const directory = mkdtempSync(join(tmpdir(), 'graceful-container-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const scripts = { start: line, exec: `exec ${line}` };
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ private: true, scripts }));

  for (const { name, command, right, needs } of cases) {
    t.test(name, { skip: missing(needs), buffered: true }, async (t) => {
      const container = await startContainer(t, { command, directory });
      const answer = ask(container.port);
      await sleep(300);
      const ended = await container.stop(KILL_AFTER_MS);
      const outcome = await answer;
      const warned = container.stderr().includes('WARN_GRACEFUL_SHELL_BETWEEN');
      rows.push([`\`${name}\``, outcome, ended, warned ? 'yes' : 'no']);
      t.comment(rows.at(-1)?.join(' | '));
      // An answer alone proves nothing: npm may take long to notice that its shell is gone.
      const all = [/^heard$/m.test(container.stdout()), outcome, ended];
      const wanted = [true, 'answered', 'by itself'];
      if (right) t.same(all, wanted, 'the program hears of it, and loses nothing');
      else t.notSame(all, wanted, 'the program does not hear of it, or is killed before it has answered');
      t.equal(warned, !right, `it says so where it will not, and nowhere else: ${container.stderr()}`);
    });
  }

  t.test('examples/docker/Dockerfile', async (t) => {
    const container = await startContainer(t, {
      command: ['env', 'PORT=0', ...exampleCommand()],
      directory: join(examples, 'docker'),
    });
    const answer = ask(container.port, '/slow');
    await sleep(300);
    t.equal(await container.stop(KILL_AFTER_MS), 'by itself');
    t.equal(await answer, 'answered');
    t.equal(container.stderr(), '');
  });

  t.test('examples/kubernetes/server.js', async (t) => {
    const directory = join(examples, 'kubernetes');
    const container = await startContainer(t, { command: ['env', 'PORT=0', node, 'server.js'], directory });
    const probes = async (): Promise<unknown> =>
      Promise.all(['/', '/livez', '/readyz'].map((path) => ask(container.port, path)));
    t.same(await probes(), ['answered', 'answered', 'answered']);
    const stop = container.stop(30_000);
    // For at least 5 s the pod is served, and said to be no longer ready.
    let seen: unknown;
    while (!isDeepStrictEqual((seen = await probes()), ['answered', 'answered', '503'])) {
      t.same(seen, ['answered', 'answered', 'answered'], 'served before the signal is heard');
      await sleep(50);
    }
    t.equal(await stop, 'by itself');
    t.equal(container.stderr(), '');
  });

  t.test('a coordinator that is made late', async (t) => {
    const late = await startContainer(t, { command: [node, program, 'late'], directory });
    const inTime = await startContainer(t, { command: [node, program], directory });
    await Promise.all([late.stop(KILL_AFTER_MS), inTime.stop(KILL_AFTER_MS)]);
    t.match(late.stderr(), /WARN_GRACEFUL_LATE_COORDINATOR.* \d\.\d s after/);
    t.equal(inTime.stderr(), '');
  });
});

t.teardown(() => t.comment(`\n${table(rows)}`));
