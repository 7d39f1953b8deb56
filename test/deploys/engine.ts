import { execFile, spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pristine, type Owner } from '../helpers/child.ts';

export type EngineName = 'docker' | 'podman';

/** Docker or Podman, with images, containers, networks and settings of its own, which end with the test. */
export interface Engine {
  /** Runs a command with these settings, in the folder of the image. Rejects if it fails; resolves with its stdout. */
  readonly run: (command: string, ...args: readonly string[]) => Promise<string>;
  /** For commands that something else starts. */
  readonly env: Readonly<Record<string, string>>;
  /** Put in front of a program and its arguments, this runs it in the network where ports are published. */
  readonly prefix: readonly string[];
  /** The folder that images are built in: `examples/docker`, beside a package.json with a lockfile. */
  readonly directory: string;
  /** Why no container has a network that can be reached from outside, or false. */
  readonly bridgeUnavailable: string | false;
}

interface Settings {
  readonly env: Readonly<Record<string, string>>;
  readonly prefix: readonly string[];
  /** Of what the engine has mounted, and of its processes. */
  readonly stop: () => Promise<unknown>;
}

const root = fileURLToPath(new URL('../../../', import.meta.url));
const example = join(root, 'examples/docker');
const execute = promisify(execFile);

/** At least 50 ms apart. */
const MAX_LOOKS = 600;

/** Why the engine cannot be had here, or false. What keeps it from running containers is seen later. */
export function engineUnavailable(name: EngineName): string | false {
  if (process.platform !== 'linux') return 'this is not Linux';
  if (process.getuid?.() !== 0) return 'it takes root';
  const needed = name === 'docker' ? ['dockerd', 'docker', 'docker-compose'] : ['podman', 'podman-compose'];
  const missing = needed.filter((command) => spawnSync(command, ['--version']).status !== 0);
  return missing.length > 0 && `${missing.join(' and ')} is not installed`;
}

/** Resolves with the reason where no container runs. */
export async function startEngine(t: Owner, name: EngineName): Promise<Engine | string> {
  const folder = mkdtempSync(join(tmpdir(), `graceful-${name}-`));
  const directory = join(folder, 'web');
  const settings = name === 'docker' ? await startDocker(folder) : setUpPodman(folder);
  if (typeof settings === 'string') {
    rmSync(folder, { recursive: true });
    return settings;
  }
  const { env, prefix, stop } = settings;
  const run = async (...command: readonly string[]): Promise<string> => {
    // The test runner adds itself to what is spawned, and npm may be that of another Node line.
    const args = ['-u', 'NODE_OPTIONS', ...prefix, ...command];
    const running = execute('env', args, { cwd: directory, env, maxBuffer: 1e8 });
    running.child.stdin?.end();
    return (await running).stdout.trim();
  };
  t.teardown(async () => {
    await run('sh', '-c', `${name} ps --all --quiet | xargs --no-run-if-empty ${name} rm --force`);
    await stop();
    rmSync(folder, { recursive: true });
  });

  cpSync(example, directory, { recursive: true });
  const [, image = ''] = /^FROM (\S+)$/m.exec(readFileSync(join(directory, 'Dockerfile'), 'utf8')) ?? [];
  const base = await makeBase(join(folder, 'base'), directory, run);
  const failure = async (command: string): Promise<string | false> =>
    run('sh', '-c', command).then(
      () => false,
      ({ stderr }: { stderr?: string }) => String(stderr).trim(),
    );
  const failed =
    (await failure(`tar -C ${base} -c . | ${name} import - ${image}`)) ||
    (await failure(`${name} run --rm --network none ${image} node --version`));
  if (failed !== false) return `no container runs here: ${failed}`;
  const bridgeUnavailable = await failure(`${name} run --rm ${image} node --version`);
  return { run, env, prefix, directory, bridgeUnavailable };
}

const { PATH = '', HOME = '/root' } = process.env;

/** The daemon has a network and mounts of its own: none of its firewall rules and bridges is left behind. */
async function startDocker(folder: string): Promise<Settings | string> {
  const env = { PATH, HOME, DOCKER_HOST: `unix://${folder}/socket` };
  // Without its proxy a published port is translated by the kernel, as for a client on another machine.
  const daemon = `dockerd --userland-proxy=false --host ${env.DOCKER_HOST} --pidfile ${folder}/pid --data-root ${folder}/data --exec-root ${folder}/exec`;
  const isolated = ['unshare', '--net', '--mount', 'sh', '-c', `ip link set lo up; exec ${daemon}`];
  const child = spawn('setpriv', ['--pdeathsig=TERM', ...isolated], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  let ended = false;
  const exited = new Promise((resolve) => {
    child.once('close', () => resolve((ended = true)));
  });
  const stop = async (): Promise<unknown> => {
    child.kill('SIGTERM');
    return exited;
  };
  for (let looks = 0; spawnSync('docker', ['version'], { env }).status !== 0; looks += 1) {
    if (looks === MAX_LOOKS) await stop();
    if (ended) return `dockerd does not start: ${log.trim().split('\n').at(-1)}`;
    await sleep(50);
  }
  return { env, prefix: ['nsenter', '--target', String(child.pid), '--net'], stop };
}

function setUpPodman(folder: string): Settings {
  const containers = join(folder, 'containers.conf');
  const storage = join(folder, 'storage.conf');
  // Podman's default limits are above those of this process, and without CAP_SYS_RESOURCE none can be raised. Its
  // default runtime, crun, refuses cgroups of version 2 beside those of version 1.
  const limits = '[containers]\ndefault_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]\n';
  const runtime = existsSync('/usr/sbin/runc') ? '[engine]\nruntime = "runc"\n' : '';
  writeFileSync(containers, limits + runtime);
  writeFileSync(
    storage,
    `[storage]\ndriver = "overlay"\ngraphroot = "${folder}/store"\nrunroot = "${folder}/run"\n`,
  );
  const stop = async (): Promise<unknown> => spawnSync('umount', [join(folder, 'store/overlay')]);
  return {
    env: { PATH, HOME, CONTAINERS_CONF: containers, CONTAINERS_STORAGE_CONF: storage },
    prefix: [],
    stop,
  };
}

/**
 * Makes what the Dockerfile begins with, since no registry can be reached: the Node that runs this, npm and a shell of
 * this machine, with the libraries that they need, and the package that package.json asks for.
 */
async function makeBase(base: string, directory: string, run: Engine['run']): Promise<string> {
  const npm = realpathSync(await run('sh', '-c', 'command -v npm'));
  const programs = ['/bin/sh', '/usr/bin/env', process.execPath];
  const libraries = (await run('ldd', ...programs)).match(/\/\S+(?= \(0x)/g) ?? [];
  for (const name of ['etc', 'tmp', 'usr/bin', 'packages']) mkdirSync(join(base, name), { recursive: true });
  await run('cp', '--dereference', '--parents', ...programs, ...new Set(libraries), base);
  // npm is at node_modules/npm/bin/npm-cli.js.
  await run('cp', '--recursive', '--parents', join(npm, '../..'), base);
  for (const [name, target] of Object.entries({ node: process.execPath, npm }))
    if (!existsSync(join(base, 'usr/bin', name))) symlinkSync(target, join(base, 'usr/bin', name));
  writeFileSync(join(base, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/tmp:/bin/sh\n');
  writeFileSync(join(base, 'etc/group'), 'root:x:0:\nnode:x:1000:\n');

  const pack = `import { packAll } from ${JSON.stringify(join(root, 'scripts/pack.js'))};
    packAll(${JSON.stringify(join(base, 'packages'))}, ['core']);`;
  // Where npm can reach a registry, and without the NODE_OPTIONS of the test runner.
  const [command, ...args] = [...pristine, '--input-type=module', '--eval', pack];
  await execute(command, args, { env: { PATH, HOME } });
  const [core = ''] = readdirSync(join(base, 'packages'));
  const dependencies = { '@graceful-cluster/core': `file:../packages/${core}` };
  const manifest = { private: true, type: 'module', scripts: { start: 'node server.js' }, dependencies };
  writeFileSync(join(directory, 'package.json'), JSON.stringify(manifest));
  symlinkSync(join(base, 'packages'), join(directory, '../packages'));
  await run('npm', 'install', '--package-lock-only', '--offline');
  return base;
}
