import { execFile, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Owner } from '../helpers/child.ts';

/** Podman with images, containers and settings of its own, which end with the test. */
export interface Podman {
  /** Runs a command with these settings, in the folder of the image. Rejects if it fails; resolves with its stdout. */
  readonly run: (command: string, ...args: readonly string[]) => Promise<string>;
  /** For commands that something else starts. */
  readonly env: Readonly<Record<string, string>>;
  /** The folder that images are built in: `examples/docker`, beside a package.json with a lockfile. */
  readonly directory: string;
  /** Why no container has a network that can be reached from outside, or false. */
  readonly bridgeUnavailable: string | false;
}

const root = fileURLToPath(new URL('../../../', import.meta.url));
const example = join(root, 'examples/docker');
const execute = promisify(execFile);

/** Why there can be no Podman here, or false. What keeps it from running containers is seen later. */
export function podmanUnavailable(): string | false {
  if (process.platform !== 'linux') return 'this is not Linux';
  if (process.getuid?.() !== 0) return 'it takes root';
  for (const command of ['podman', 'podman-compose'])
    if (spawnSync(command, ['--version']).status !== 0) return `${command} is not installed`;
  return false;
}

/**
 * Makes the base image that the Dockerfile names, since no registry can be reached: from the Node that runs this, and
 * npm and a shell of this machine, with the libraries that they need. Resolves with the reason where no container runs.
 */
export async function startPodman(t: Owner): Promise<Podman | string> {
  const folder = mkdtempSync(join(tmpdir(), 'graceful-podman-'));
  // Programs of the images run as another user.
  const directory = join(folder, 'web');
  const env = writeSettings(folder);
  const run = async (command: string, ...args: readonly string[]): Promise<string> => {
    const options = { cwd: directory, env, maxBuffer: 1e8 };
    const running = execute(command, args, options);
    running.child.stdin?.end();
    return (await running).stdout.trim();
  };
  t.teardown(async () => {
    await run('podman', 'rm', '--all', '--force', '--time=0');
    spawnSync('umount', [join(folder, 'store/overlay')]);
    rmSync(folder, { recursive: true });
  });
  const { packAll } = (await import(join(root, 'scripts/pack.js'))) as {
    packAll: (target: string, names: string[]) => Readonly<Record<string, string>>;
  };
  mkdirSync(join(folder, 'packages'));
  const { core = '' } = packAll(join(folder, 'packages'), ['core']);
  cpSync(example, directory, { recursive: true });
  const dependencies = { '@graceful-cluster/core': `file:../packages/${core.split('/').at(-1)}` };
  const manifest = { private: true, type: 'module', scripts: { start: 'node server.js' }, dependencies };
  writeFileSync(join(directory, 'package.json'), JSON.stringify(manifest));
  await run('npm', 'install', '--package-lock-only', '--offline');

  const [, name = ''] = /^FROM (\S+)$/m.exec(readFileSync(join(example, 'Dockerfile'), 'utf8')) ?? [];
  const base = await makeBase(join(folder, 'base'), run);
  const failure = async (command: string, ...args: readonly string[]): Promise<string | false> =>
    run(command, ...args).then(
      () => false,
      ({ stderr }: { stderr?: string }) => String(stderr).trim(),
    );
  const start = `podman run --rm ${name} node --version`;
  const failed =
    (await failure('sh', '-c', `tar -C ${base} -c . | podman import - ${name}`)) ||
    (await failure('sh', '-c', start.replace('--rm', '--rm --network=none')));
  if (failed !== false) return `no container runs here: ${failed}`;
  return { run, env, directory, bridgeUnavailable: await failure('sh', '-c', start) };
}

/** Podman's default limits are above those of this process, and without CAP_SYS_RESOURCE none can be raised. */
function writeSettings(folder: string): Record<string, string> {
  const containers = join(folder, 'containers.conf');
  const storage = join(folder, 'storage.conf');
  // crun refuses cgroups of version 2 beside those of version 1.
  const runtime = existsSync('/usr/sbin/runc') ? '[engine]\nruntime = "runc"\n' : '';
  writeFileSync(
    containers,
    `[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
volumes = ["${folder}/packages:/packages:ro"]
${runtime}`,
  );
  writeFileSync(
    storage,
    `[storage]\ndriver = "overlay"\ngraphroot = "${folder}/store"\nrunroot = "${folder}/run"\n`,
  );
  const { PATH = '', HOME = '/root' } = process.env;
  return { PATH, HOME, CONTAINERS_CONF: containers, CONTAINERS_STORAGE_CONF: storage };
}

async function makeBase(base: string, run: Podman['run']): Promise<string> {
  const npm = realpathSync(await run('sh', '-c', 'command -v npm'));
  const programs = ['/bin/sh', '/usr/bin/env', process.execPath];
  const libraries = (await run('ldd', ...programs)).match(/\/\S+(?= \(0x)/g) ?? [];
  for (const directory of ['etc', 'tmp', 'usr/bin']) mkdirSync(join(base, directory), { recursive: true });
  await run('cp', '--dereference', '--parents', ...programs, ...new Set(libraries), base);
  // npm is at node_modules/npm/bin/npm-cli.js.
  await run('cp', '--recursive', '--parents', join(npm, '../..'), base);
  const links = { node: process.execPath, npm };
  for (const [name, target] of Object.entries(links))
    if (!existsSync(join(base, 'usr/bin', name))) symlinkSync(target, join(base, 'usr/bin', name));
  writeFileSync(join(base, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/tmp:/bin/sh\n');
  writeFileSync(join(base, 'etc/group'), 'root:x:0:\nnode:x:1000:\n');
  return base;
}
