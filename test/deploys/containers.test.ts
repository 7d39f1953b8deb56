// examples/docker in real containers: the Dockerfile is built, and its container stopped under the load of our probe; so is
// one with each of the CMDs that docs/deployment.md warns of, and what Compose makes of compose.yaml.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { freePort } from '../fixtures/cluster/free-port.ts';
import { podmanUnavailable, startPodman, type Podman } from './podman.ts';
import { short } from './settings.ts';
import { table } from './table.ts';

const probe = fileURLToPath(new URL('../../../packages/probe/bin/graceful-probe.js', import.meta.url));
const rounds = short ? 1 : 10;

interface Stopped {
  readonly answered: number;
  readonly refused: number;
  readonly lost: number;
  /** Milliseconds from the command to its end. */
  readonly took: number;
  readonly exitCode: string;
  readonly warned: boolean;
}

interface Probed {
  readonly scenarios: readonly {
    readonly rounds: readonly {
      readonly counts: Readonly<Record<string, number>>;
      readonly signalToExit: number;
    }[];
  }[];
}

/** Stops a running container under load, all of the probe's scenarios at a time. */
async function stopUnderLoad(
  { run, env, directory }: Podman,
  container: string,
  { stop, url, prefix }: { readonly stop: string; readonly url: string; readonly prefix: readonly string[] },
): Promise<Stopped> {
  const log = async (): Promise<string> => run('sh', '-c', `podman logs ${container} 2>&1`);
  while (!(await log()).includes('listening on port')) await sleep(100);
  const args = ['--url', url, '--slow-path', '/slow', '--exit-timeout', '15s', '--stop-command', stop];
  const [command = '', ...rest] = [...prefix, process.execPath, probe, '--reporter', 'json', ...args];
  const child = spawn(command, rest, { cwd: directory, env, stdio: ['ignore', 'pipe', 'ignore'] });
  const { scenarios } = JSON.parse(await text(child.stdout)) as Probed;
  const ends = scenarios.flatMap(({ rounds }) => rounds);
  const sum = (...names: readonly string[]): number =>
    ends.reduce(
      (total, { counts }) => total + names.reduce((each, name) => each + (counts[name] ?? 0), 0),
      0,
    );
  return {
    answered: sum('answered'),
    refused: sum('refused'),
    lost: sum('reset-before-accept', 'reset', 'empty', 'cut', 'unavailable', 'hung'),
    took: Math.max(...ends.map(({ signalToExit }) => signalToExit)),
    exitCode: await run('podman', 'inspect', '--format={{.State.ExitCode}}', container),
    warned: (await log()).includes('WARN_GRACEFUL_SHELL_BETWEEN'),
  };
}

const rows = [
  ['started and stopped', 'stops', 'answered', 'refused', 'lost', 'longest stop', 'exit code', 'warned'],
];

function note(t: Test, name: string, stops: readonly Stopped[], right: boolean): void {
  const sum = (count: (stopped: Stopped) => number): string =>
    stops.reduce((total, stopped) => total + count(stopped), 0).toLocaleString('en');
  const codes = [...new Set(stops.map(({ exitCode }) => exitCode))].toSorted();
  const longest = `${(Math.max(...stops.map(({ took }) => took)) / 1_000).toFixed(1)} s`;
  const counts = [sum(({ answered }) => answered), sum(({ refused }) => refused), sum(({ lost }) => lost)];
  const warned = stops.every(({ warned }) => warned);
  rows.push([name, String(stops.length), ...counts, longest, codes.join(', '), warned ? 'yes' : 'no']);
  t.comment(rows.at(-1)?.join(' | '));
  for (const { answered, refused, lost, exitCode, warned } of stops) {
    t.ok(answered > 100, `${answered} were answered`);
    t.equal(warned, !right, 'the program says so where SIGTERM does not reach it, and nowhere else');
    if (!right) {
      t.ok(lost > 0, 'without the signal requests are lost');
      continue;
    }
    t.ok(refused > 0, `${refused} were refused`);
    t.same([lost, exitCode], [0, '0'], 'none is lost, and the exit code is 0');
  }
}

/** CMD of a Dockerfile, and whether it is right. */
const commands: Readonly<Record<string, boolean>> = {
  '["node", "server.js"]': true,
  'exec node server.js': true,
  'node server.js': false,
  '["npm", "start"]': false,
};

t.test('examples/docker', { skip: podmanUnavailable() }, async (t) => {
  const podman = await startPodman(t);
  if (typeof podman === 'string') {
    t.pass('Podman', { skip: podman });
    return;
  }
  const { run, directory, bridgeUnavailable } = podman;
  const dockerfile = readFileSync(join(directory, 'Dockerfile'), 'utf8');
  t.match(dockerfile, `CMD ${Object.keys(commands)[0]}\n`, 'the first of these is that of the example');
  t.jobs = 2;

  for (const [index, [command, right]] of Object.entries(commands).entries()) {
    t.test(`CMD ${command}`, { buffered: true }, async (t) => {
      const image = `web-${index}`;
      const file = join(directory, `Dockerfile.${index}`);
      writeFileSync(file, dockerfile.replace(/^CMD .*$/m, `CMD ${command}`));
      await run('podman', 'build', '--pull=never', '--file', file, '--tag', image, '.');
      const stops: Stopped[] = [];
      for (let round = 0; round < (right ? rounds : 1); round += 1) {
        await run('podman', 'run', '--detach', '--replace', '--network=none', '--name', image, image);
        const pid = await run('podman', 'inspect', '--format={{.State.Pid}}', image);
        const url = 'http://127.0.0.1:3000';
        const prefix = ['nsenter', '--target', pid, '--net'];
        stops.push(await stopUnderLoad(podman, image, { stop: `podman stop ${image}`, url, prefix }));
      }
      note(t, `\`CMD ${command}\`, \`podman stop\``, stops, right);
    });
  }

  t.test('compose.yaml', { buffered: true, skip: bridgeUnavailable }, async (t) => {
    const port = await freePort();
    const project = `graceful-${port}`;
    const file = join(directory, 'compose.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('3000:3000', `${port}:3000`));
    const compose = `podman-compose --project-name ${project}`;
    t.teardown(() => run('sh', '-c', `${compose} down; podman network rm ${project}_default`));
    await run('sh', '-c', `${compose} up --detach`);
    const stops: Stopped[] = [];
    for (let round = 0; round < rounds; round += 1) {
      if (round > 0) await run('sh', '-c', `${compose} start`);
      const where = { stop: `${compose} stop`, url: `http://127.0.0.1:${port}`, prefix: [] };
      stops.push(await stopUnderLoad(podman, `${project}_web_1`, where));
    }
    note(t, '`compose.yaml`, `podman-compose stop`', stops, true);
  });
});

t.teardown(() => t.comment(`\n${table(rows)}`));
