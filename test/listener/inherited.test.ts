import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import * as net from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { ListenerReport } from '@graceful-cluster/core';
import { pristine } from '../helpers/child.ts';

const fixture = fileURLToPath(new URL('../fixtures/listener/seal-server.js', import.meta.url));
const CLIENTS = 32;

/** What systemd does for a service: binds the socket, and keeps it while services come and go. */
interface Held {
  readonly fd: number;
  readonly close: () => void;
}
const { _createServerHandle: bind } = net as unknown as {
  readonly _createServerHandle?: (address: string, port: number, type: 4) => Held;
};

async function startService(fd: number): Promise<ChildProcess> {
  const [command = '', ...args] = pristine;
  const service = spawn(command, [...args, fixture], {
    env: { ...process.env, INHERITED: '3' },
    stdio: ['ignore', 'pipe', 'inherit', fd],
  });
  if (service.stdout === null) throw new Error('no stdout');
  await once(createInterface(service.stdout), 'line');
  return service;
}

t.test('services that share an inherited socket replace each other', { skip: !bind }, async (t) => {
  const held = bind?.('127.0.0.1', 0, 4);
  if (held === undefined) return;
  t.teardown(() => held.close());
  let service = await startService(held.fd);
  const port = portOf(held);
  let running = true;
  let answered = 0;
  const lost: unknown[] = [];
  const clients = Array.from({ length: CLIENTS }, async () => {
    while (running) {
      try {
        await request(port);
        answered += 1;
      } catch (error) {
        lost.push(error);
      }
    }
  });
  for (let turn = 0; turn < 5; turn += 1) {
    const output = service.stdout === null ? undefined : createInterface(service.stdout);
    const line = output && once(output, 'line');
    service.kill('SIGTERM');
    t.strictSame(await once(service, 'exit'), [0, null]);
    const [listener] = JSON.parse(String(await line).slice('report '.length)) as [ListenerReport];
    t.match(listener, { seal: 'none', abandoned: null, notes: [/inherited/] });
    service = await startService(held.fd);
  }
  running = false;
  await Promise.all(clients);
  service.kill('SIGKILL');
  t.strictSame(lost, [], 'nobody was refused or reset');
  t.ok(answered > CLIENTS);
});

function portOf(held: Held): number {
  const out: { port?: number } = {};
  (held as unknown as { getsockname: (out: object) => number }).getsockname(out);
  return out.port ?? 0;
}

function request(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', agent: false }, (response) => {
      response.resume().on('end', resolve).on('error', reject);
    }).on('error', reject);
  });
}
