// examples/docker in real containers: the Dockerfile is built, and its container stopped under the load of our probe;
// so is one with each of the CMDs that docs/deployment.md warns of, and what Compose makes of compose.yaml.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { pristine } from '../helpers/child.ts';
import { freePort } from '../helpers/free-port.ts';
import { engineUnavailable, startEngine, type Engine, type EngineName } from './engine.ts';
import { short, wanted } from './settings.ts';
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
  { run, env, directory }: Engine,
  container: { readonly engine: EngineName; readonly name: string },
  from: { readonly stop: string; readonly url: string; readonly prefix: readonly string[] },
): Promise<Stopped> {
  const { engine, name } = container;
  const log = async (): Promise<string> => run('sh', '-c', `${engine} logs ${name} 2>&1`);
  while (!(await log()).includes('listening on port')) {
    const running = await run(engine, 'inspect', '--format={{.State.Running}}', name);
    if (running !== 'true') throw new Error(`${name} ended early: ${await log()}`);
    await sleep(100);
  }
  const { stop, url, prefix } = from;
  const args = ['--url', url, '--slow-path', '/slow', '--exit-timeout', '15s', '--stop-command', stop];
  const [command = '', ...rest] = [...prefix, ...pristine, probe, '--reporter', 'json', ...args];
  const child = spawn(command, rest, { cwd: directory, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [json, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (json === '') throw new Error(stderr);
  const { scenarios } = JSON.parse(json) as Probed;
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
    exitCode: await run(engine, 'inspect', '--format={{.State.ExitCode}}', name),
    warned: (await log()).includes('WARN_GRACEFUL_SHELL_BETWEEN'),
  };
}

const rows = [
  ['started and stopped', 'stops', 'answered', 'refused', 'lost', 'longest stop', 'exit code', 'warned'],
];

function note(name: string, stops: readonly Stopped[]): void {
  const sum = (count: (stopped: Stopped) => number): string =>
    stops.reduce((total, stopped) => total + count(stopped), 0).toLocaleString('en');
  const codes = [...new Set(stops.map(({ exitCode }) => exitCode))].toSorted();
  const longest = `${(Math.max(...stops.map(({ took }) => took)) / 1_000).toFixed(1)} s`;
  const counts = [sum(({ answered }) => answered), sum(({ refused }) => refused), sum(({ lost }) => lost)];
  const warned = stops.every(({ warned }) => warned);
  rows.push([name, String(stops.length), ...counts, longest, codes.join(', '), warned ? 'yes' : 'no']);
  t.comment(rows.at(-1)?.join(' | '));
}

/** Where the signal reaches Node nothing is lost, and nothing is said; elsewhere both. */
function check(t: Test, stops: readonly Stopped[], right: boolean): void {
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

for (const engine of (['docker', 'podman'] as const).filter(wanted))
  t.test(engine, { skip: engineUnavailable(engine) }, async (t) => {
    const started = await startEngine(t, engine);
    if (typeof started === 'string') {
      t.pass('no container', { skip: started });
      return;
    }
    const { directory, bridgeUnavailable } = started;
    const dockerfile = readFileSync(join(directory, 'Dockerfile'), 'utf8');
    t.match(dockerfile, `CMD ${Object.keys(commands)[0]}\n`, 'the first of these is that of the example');
    t.jobs = 2;
    for (const [index, [command, right]] of Object.entries(commands).entries()) {
      if (short && engine === 'podman' && index > 0) continue;
      t.test(`CMD ${command}`, { buffered: true }, async (t) => {
        const name = `web-${index}`;
        writeFileSync(
          join(directory, `Dockerfile.${index}`),
          dockerfile.replace(/^CMD .*$/m, `CMD ${command}`),
        );
        const stops = await stopImage(started, engine, name, right ? rounds : 1);
        note(`\`CMD ${command}\`, \`${engine} stop\``, stops);
        check(t, stops, right);
      });
    }

    t.test('compose.yaml', { buffered: true, skip: bridgeUnavailable }, async (t) => {
      const compose = readFileSync(join(directory, 'compose.yaml'), 'utf8');
      const stops = await stopProject(t, started, engine, compose, rounds);
      note(`\`compose.yaml\`, \`${engine}-compose stop\``, stops);
      check(t, stops, true);
    });

    // podman-compose 1.0.3 does not read it.
    const skip = engine === 'podman' ? 'podman-compose does not know it' : bridgeUnavailable;
    t.test('a stop_grace_period that is too short', { buffered: true, skip }, async (t) => {
      const compose = readFileSync(join(directory, 'compose.yaml'), 'utf8');
      const shorter = compose.replace('stop_grace_period: 10s', 'stop_grace_period: 1s');
      const stops = await stopProject(t, started, engine, shorter, 1);
      note('the same with `stop_grace_period: 1s`', stops);
      t.match(stops, [{ exitCode: '137' }], 'killed: idle connections alone are kept for a second');
    });
  });

/** Builds an image, and stops its container, which has a network that only the probe is in, so many times. */
async function stopImage(engine: Engine, name: EngineName, image: string, times: number): Promise<Stopped[]> {
  const { run } = engine;
  const index = image.split('-')[1];
  await run(name, 'build', '--pull=false', '--file', `Dockerfile.${index}`, '--tag', image, '.');
  const stops: Stopped[] = [];
  for (let time = 0; time < times; time += 1) {
    await run(name, 'run', '--detach', '--network=none', '--name', image, image);
    const pid = await run(name, 'inspect', '--format={{.State.Pid}}', image);
    const prefix = ['nsenter', '--target', pid, '--net'];
    const from = { stop: `${name} stop ${image}`, url: 'http://127.0.0.1:3000', prefix };
    stops.push(await stopUnderLoad(engine, { engine: name, name: image }, from));
    await run(name, 'rm', image);
  }
  return stops;
}

/** Starts what Compose makes of a file, and stops it so many times under the load of clients of its published port. */
async function stopProject(
  t: Test,
  engine: Engine,
  name: EngineName,
  compose: string,
  times: number,
): Promise<Stopped[]> {
  const { run, directory, prefix } = engine;
  const port = await freePort();
  const project = `graceful-${port}`;
  const file = `compose-${port}.yaml`;
  writeFileSync(join(directory, file), compose.replace('3000:3000', `${port}:3000`));
  const command = `${name}-compose --project-name ${project} --file ${file}`;
  t.teardown(() => run('sh', '-c', `${command} down; ${name} network rm ${project}_default || true`));
  const stops: Stopped[] = [];
  for (let time = 0; time < times; time += 1) {
    await run('sh', '-c', time === 0 ? `${command} up --detach` : `${command} start`);
    const from = { stop: `${command} stop`, url: `http://127.0.0.1:${port}`, prefix };
    stops.push(await stopUnderLoad(engine, { engine: name, name: `${project}_web_1` }, from));
  }
  return stops;
}

t.teardown(() => t.comment(`\n${table(rows)}`));
