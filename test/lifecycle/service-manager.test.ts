// What a service manager hears on NOTIFY_SOCKET, from a stand-in that prints each datagram.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t, { type Test } from 'tap';
import { startChild } from '../helpers/child.ts';

const RECEIVER = `
import socket, sys
name = sys.argv[1]
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind('\\0' + name[1:] if name[0] == '@' else name)
print('bound', flush=True)
while True:
    print(receiver.recv(4096).decode().replace('\\n', ' '), flush=True)
`;

const python = spawnSync('python3', ['-c', 'import socket; socket.AF_UNIX']).status === 0;
const linux = process.platform === 'linux' && process.env['GRACEFUL_CLUSTER_NATIVE'] !== 'off';
const skip = python && linux ? false : 'needs Linux, the addon, and python3 for the stand-in';

interface Manager {
  readonly path: string;
  readonly heard: readonly string[];
  /** Resolves once this many messages match. */
  readonly hears: (pattern: RegExp, times?: number) => Promise<void>;
}

async function startManager(t: Test, abstract: boolean): Promise<Manager> {
  const folder = mkdtempSync(join(tmpdir(), 'notify-'));
  const path = abstract ? `@${folder}` : join(folder, 'notify');
  const receiver = spawn('python3', ['-c', RECEIVER, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => {
    receiver.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  const heard: string[] = [];
  const waiting = new Set<() => void>();
  createInterface(receiver.stdout).on('line', (line) => {
    heard.push(line);
    for (const look of waiting) look();
  });
  const hears = (pattern: RegExp, times = 1): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (heard.filter((line) => pattern.test(line)).length < times) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  await hears(/^bound$/);
  return { path, heard, hears };
}

const ask = (port: number, path: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    get({ port, path, host: '127.0.0.1', agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    }).on('error', reject);
  });

for (const abstract of [false, true]) {
  t.test(`one process, ${abstract ? 'an abstract socket' : 'a path'}`, { skip }, async (t) => {
    const manager = await startManager(t, abstract);
    const env = { NOTIFY_SOCKET: manager.path, WATCHDOG_USEC: '200000' };
    const options = { timeout: 6_000, keepAliveGrace: 100 };
    const child = await startChild(t, 'lifecycle/service', { args: ['single', options], env });
    await manager.hears(/^READY=1$/);
    await manager.hears(/^WATCHDOG=1$/, 2);
    const answer = ask(child.port, '/?ms=2500');
    await ask(child.port, '/');
    child.kill('SIGTERM');
    t.equal(await answer, 200);
    t.match(await child.exited, { code: 0, signal: null });
    await manager.hears(/^STATUS=cleanup/);
    const stop = manager.heard.slice(manager.heard.indexOf('STOPPING=1'));
    t.ok(manager.heard.includes('STOPPING=1'), 'it said that it stops');
    t.match(
      manager.heard.find((line) => line.startsWith('STATUS=draining,')),
      /1 in flight.*GET \//,
    );
    const extensions = stop
      .flatMap((line) => /^EXTEND_TIMEOUT_USEC=(\d+)$/.exec(line)?.[1] ?? [])
      .map(Number);
    t.ok(extensions.length >= 3, 'the stop was extended each second');
    t.ok(
      extensions.every((each) => each > 0 && each <= 5_000_000),
      'by no more than five seconds at a time',
    );
    t.equal(manager.heard.filter((line) => line === 'READY=1').length, 1);
  });
}

t.test('a cluster is ready when all workers are, and reloading while it reloads', { skip }, async (t) => {
  const manager = await startManager(t, false);
  const env = { NOTIFY_SOCKET: manager.path };
  const child = await startChild(t, 'lifecycle/service', { args: ['cluster', { timeout: 6_000 }], env });
  await manager.hears(/^READY=1$/);
  child.kill('SIGUSR2');
  await child.line('reloaded');
  await manager.hears(/^READY=1$/, 2);
  child.kill('SIGTERM');
  t.match(await child.exited, { code: 0, signal: null });
  await manager.hears(/^STATUS=cleanup/);
  const said = manager.heard.filter((line) => /^(?:READY|RELOADING|STOPPING)/.test(line));
  t.match(
    said,
    ['READY=1', /^RELOADING=1 MONOTONIC_USEC=\d+$/, 'READY=1', 'STOPPING=1'],
    'and no worker spoke',
  );
  t.equal(said.length, 4);
});

t.test('a manager that is gone is said once, and harms nothing', { skip }, async (t) => {
  const child = await startChild(t, 'lifecycle/service', {
    args: ['single', {}],
    env: { NOTIFY_SOCKET: '/nowhere/notify' },
  });
  child.kill('SIGTERM');
  const { code, signal, stderr } = await child.exited;
  t.strictSame([code, signal], [0, null]);
  t.match(stderr, /^graceful-cluster: NOTIFY_SOCKET: the service manager was not reached \(ENOENT\)\n$/);
});

t.test('listenFds: the sockets of this process only', async (t) => {
  const fds = async (env: Readonly<Record<string, string>>): Promise<unknown> => {
    const child = await startChild(t, 'lifecycle/service', { args: ['single', {}], env });
    child.kill('SIGTERM');
    await child.exited;
    return JSON.parse(child.lines('fds')[0] ?? '') as unknown;
  };
  t.strictSame(await fds({}), []);
  t.strictSame(await fds({ LISTEN_FDS: '1', LISTEN_PID: '1' }), [], 'meant for another process');
});
