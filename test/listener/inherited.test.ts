import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import * as net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import type { ListenerReport } from '@graceful-cluster/core';
import { reusePortUnavailable } from '../cluster/reuse-port.ts';
import { pristine } from '../helpers/child.ts';

const fixture = fileURLToPath(new URL('../fixtures/listener/inherited.js', import.meta.url));
const CLIENTS = 32;

/** What systemd does for a service: binds the socket, and keeps it while services come and go. */
interface Held {
  readonly fd: number;
  readonly close: () => void;
}
const { _createServerHandle: bind } = net as unknown as {
  readonly _createServerHandle?: (
    address: string,
    port: number,
    type: 4 | -1,
    fd?: undefined,
    flags?: number,
  ) => Held;
};

/** UV_TCP_REUSEPORT: systemd sets SO_REUSEPORT on a socket with `ReusePort=yes`. */
const REUSE_PORT = 2;

const kinds: Readonly<Record<string, { readonly skip: string | false; readonly hold: Hold }>> = {
  TCP: { skip: false, hold: () => bind?.('127.0.0.1', 0, 4) },
  'TCP reusePort': {
    skip: reusePortUnavailable(),
    hold: () => bind?.('127.0.0.1', 0, 4, undefined, REUSE_PORT),
  },
  Unix: { skip: false, hold: (path) => bind?.(path, -1, -1) },
};
type Hold = (path: string) => Held | undefined;

interface Service {
  readonly process: ChildProcess;
  readonly nextLine: () => Promise<string>;
}

async function startService(fd: number, env: Readonly<Record<string, string>>): Promise<Service> {
  const [command = '', ...args] = pristine;
  const service = spawn(command, [...args, fixture], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit', fd],
  });
  if (service.stdout === null) throw new Error('no stdout');
  const lines = createInterface(service.stdout)[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => String((await lines.next()).value);
  await nextLine();
  return { process: service, nextLine };
}

const services: readonly (readonly [name: string, env: Readonly<Record<string, string>>])[] = [
  ['one process', {}],
  ['one process that asks for detach by name', { SEAL: 'detach' }],
  ['a round-robin cluster', { PROCESSES: 'round-robin' }],
  ['a round-robin cluster that asks for detach by name', { PROCESSES: 'round-robin', SEAL: 'detach' }],
  ['a cluster with a shared handle', { PROCESSES: 'shared-handle' }],
  // Other ways to the same socket: once stopped, and served again.
  ['one process with reusePort', { LISTEN: 'reusePort' }],
  ['one process with a handle', { LISTEN: 'handle' }],
  ['a round-robin cluster with reusePort', { PROCESSES: 'round-robin', LISTEN: 'reusePort' }],
  ['a cluster with a shared handle and reusePort', { PROCESSES: 'shared-handle', LISTEN: 'reusePort' }],
];

for (const [name, env] of services) {
  for (const [kind, { skip, hold }] of Object.entries(kinds)) {
    // An inherited socket is told before a method is looked at: the plain kinds show that.
    if (kind === 'TCP reusePort' && (env['SEAL'] ?? env['LISTEN']) !== undefined) continue;
    t.test(`${name}: an inherited ${kind} socket outlives its stops`, { skip: !bind || skip }, async (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'inherited-'));
      t.teardown(() => rmSync(folder, { recursive: true, force: true }));
      const path = join(folder, 'socket');
      const held = hold(path);
      if (held === undefined) return;
      t.teardown(() => held.close());
      const target = kind === 'Unix' ? { socketPath: path } : { port: portOf(held), host: '127.0.0.1' };
      await rollServices(t, env, held, target);
    });
  }
}

const skip = !('BoundSocket' in net) && 'net.BoundSocket came with Node 24.21';
t.test('a socket that the program has bound itself is its own', { skip }, async (t) => {
  const [command = '', ...args] = pristine;
  const env = { ...process.env, LISTEN: 'bound' };
  const service = spawn(command, [...args, fixture], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => service.kill('SIGKILL'));
  const lines = createInterface(service.stdout)[Symbol.asyncIterator]();
  const [, port] = String((await lines.next()).value).split(' ');
  const target = { port: Number(port), host: '127.0.0.1' };
  let answered = 0;
  const ends = new Set<unknown>();
  const clients = Array.from({ length: 200 }, async () => {
    try {
      for (;;) {
        await request(target);
        answered += 1;
        if (answered === 1_000) service.kill('SIGTERM');
      }
    } catch (error) {
      ends.add((error as NodeJS.ErrnoException).code);
    }
  });
  await Promise.all(clients);
  t.strictSame([...ends], ['ECONNREFUSED'], 'each client was refused in the end, and none was reset');
  const report = String((await lines.next()).value).slice('report '.length);
  t.notMatch(JSON.parse(report), [{ notes: [/inherited/] }]);
});

type Target = { readonly port: number; readonly host: string } | { readonly socketPath: string };

async function rollServices(
  t: Test,
  env: Readonly<Record<string, string>>,
  held: Held,
  target: Target,
): Promise<void> {
  let service = await startService(held.fd, env);
  t.teardown(() => service.process.kill('SIGKILL'));
  let running = true;
  let answered = 0;
  const lost: unknown[] = [];
  const clients = Array.from({ length: CLIENTS }, async () => {
    while (running) {
      try {
        await request(target);
        answered += 1;
      } catch (error) {
        lost.push(error);
      }
    }
  });
  for (let stop = 0; stop < (env['LISTEN'] === undefined ? 2 : 1); stop += 1) {
    if (stop === 0 && env['PROCESSES'] !== undefined && env['SEAL'] === undefined) {
      service.process.kill('SIGUSR2');
      t.equal(await service.nextLine(), 'reloaded');
    }
    service.process.kill('SIGTERM');
    const line = service.nextLine();
    t.strictSame(await once(service.process, 'exit'), [0, null]);
    const listeners = JSON.parse((await line).slice('report '.length)) as ListenerReport[];
    for (const listener of listeners) t.match(listener, { seal: 'none', abandoned: 0, notes: [/inherited/] });
    if (env['PROCESSES'] !== 'shared-handle') t.equal(listeners.length, 1);
    service = await startService(held.fd, env);
  }
  running = false;
  await Promise.all(clients);
  service.process.kill('SIGKILL');
  t.strictSame(lost, [], 'no client was refused or reset');
  t.ok(answered > CLIENTS);
}

function portOf(held: Held): number {
  const out: { port?: number } = {};
  (held as unknown as { getsockname: (out: object) => number }).getsockname(out);
  return out.port ?? 0;
}

function request(target: Target): Promise<void> {
  return new Promise((resolve, reject) => {
    get({ ...target, agent: false }, (response) => {
      response.resume().on('end', resolve).on('error', reject);
    }).on('error', reject);
  });
}
