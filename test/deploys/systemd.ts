import { execFile, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Owner } from '../helpers/child.ts';

/** A systemd of its own as process 1 of a PID, mount and cgroup namespace. It shares the network of this process. */
export interface Systemd {
  /** Rejects if systemctl fails. */
  readonly systemctl: (...args: readonly string[]) => Promise<string>;
  /** What the services wrote. */
  readonly output: () => string;
}

/** Text of each unit file and drop-in, by its path below the folder of the units. */
export type Units = Readonly<Record<string, string>>;

const MANAGER = '/lib/systemd/systemd';
/** At least 50 ms apart. */
const MAX_LOOKS = 600;
const root = fileURLToPath(new URL('../../../', import.meta.url));
const run = promisify(execFile);

/** The root of the cgroups: of version 2 alone, or beside version 1. */
const cgroups = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find((path) =>
  existsSync(`${path}/cgroup.procs`),
);

/** Why there can be no systemd here, or false. */
export function systemdUnavailable(): string | false {
  if (process.platform !== 'linux') return 'this is not Linux';
  if (!existsSync(MANAGER)) return 'systemd is not installed';
  if (!existsSync('/usr/bin/node')) return 'there is no /usr/bin/node, which the unit file starts';
  if (spawnSync('unshare', ['--pid', '--mount', '--cgroup', '--fork', 'true']).status !== 0)
    return 'it takes root to make PID, mount and cgroup namespaces';
  if (cgroups === undefined) return 'there are no cgroups of version 2';
  try {
    rmdirSync(mkdtempSync(`${cgroups}/graceful-`));
    return false;
  } catch {
    return `there can be no cgroup below ${cgroups}`;
  }
}

/** The targets that a service needs, without the units of this machine. */
const targets = ['sysinit', 'basic', 'sockets', 'multi-user', 'shutdown', 'network', 'default'];

/** Starts systemd with these units and `examples/systemd/server.js` in /srv/web. It ends with the test. */
export async function startSystemd(t: Owner, units: Units): Promise<Systemd> {
  const directory = mkdtempSync(join(tmpdir(), 'graceful-systemd-'));
  const cgroup = mkdtempSync(`${cgroups}/graceful-`);
  // DynamicUser gives up root.
  chmodSync(directory, 0o755);
  writeFolder(directory, units);

  const enter = 'unshare --pid --mount --cgroup --uts --ipc --fork --kill-child sh -e';
  // It dies with this process, however that ends.
  const child = spawn(
    'setpriv',
    [
      '--pdeathsig=KILL',
      'env',
      '-i',
      'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
      'sh',
      '-ec',
      `echo $$ > ${cgroup}/cgroup.procs; exec ${enter} ${directory}/init`,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const exited = new Promise((resolve) => void child.once('exit', resolve));
  t.teardown(async () => {
    // Its children's death is that of process 1, and so of all processes of the namespace.
    child.kill('SIGKILL');
    await exited;
    await removeCgroup(cgroup);
    rmSync(directory, { recursive: true });
  });

  const systemctl = async (...args: readonly string[]): Promise<string> => {
    const first = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim();
    const { stdout } = await run('nsenter', ['-t', first, '-m', '-p', '--', 'systemctl', ...args]);
    return stdout.trim();
  };
  let state = '';
  for (let looks = 0; state !== 'running'; looks += 1) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('systemd has ended');
    if (looks === MAX_LOOKS) throw new Error(`systemd does not start: ${state}`);
    if (looks > 0) await sleep(50);
    state = await systemctl('is-system-running').catch(String);
  }
  const log = join(directory, 'log');
  return { systemctl, output: () => (existsSync(log) ? readFileSync(log, 'utf8') : '') };
}

/** Process 1 mounts what is its own: nothing of it is seen outside, and the folders of this machine's units are not. */
function writeFolder(directory: string, units: Units): void {
  const folders = ['units', 'web/node_modules/@graceful-cluster/core'];
  for (const folder of folders) mkdirSync(join(directory, folder), { recursive: true });
  for (const name of ['package.json', 'dist', 'prebuilds']) {
    const to = join(directory, 'web/node_modules/@graceful-cluster/core', name);
    cpSync(join(root, 'packages/core', name), to, { recursive: true });
  }
  cpSync(join(root, 'examples/systemd/server.js'), join(directory, 'web/server.js'));
  writeFileSync(join(directory, 'web/package.json'), '{ "type": "module" }');
  for (const name of targets) {
    const text = name === 'default' ? 'Requires=basic.target\nAfter=basic.target' : 'DefaultDependencies=no';
    writeFileSync(join(directory, `units/${name}.target`), `[Unit]\n${text}\n`);
  }
  for (const [path, text] of Object.entries(units)) {
    mkdirSync(join(directory, 'units', path, '..'), { recursive: true });
    writeFileSync(join(directory, 'units', path), text.replaceAll('LOG', `append:${directory}/log`));
  }
  writeFileSync(
    join(directory, 'init'),
    `mount --make-rprivate /
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t proc proc /proc
mount -t tmpfs tmpfs /srv
mkdir /srv/web
mount --bind ${directory}/web /srv/web
mount --bind ${process.execPath} /usr/bin/node
export container=unshare SYSTEMD_UNIT_PATH=${directory}/units SYSTEMD_LOG_TARGET=null
exec ${MANAGER} --system --unit=default.target --show-status=no
`,
  );
}

/** Processes leave their cgroup a moment after they were killed. */
async function removeCgroup(path: string): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const folders = readdirSync(path, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isDirectory())
      .map(({ parentPath, name }) => join(parentPath, name))
      .toSorted((a, b) => b.length - a.length);
    try {
      for (const folder of [...folders, path]) rmdirSync(folder);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
      await sleep(50);
    }
  }
}
