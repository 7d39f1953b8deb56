import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect, createServer, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import {
  closeListener,
  loadSystemCalls,
  serverSocket,
  type CloseOptions,
  type SystemCalls,
} from '../helpers/internals.ts';
import { pristine } from '../helpers/child.ts';

const linux = process.platform === 'linux';
const root = process.getuid?.() === 0;
const real = loadSystemCalls();

async function listen(...args: [number, string] | [string]): Promise<Server> {
  const server = createServer((socket) => socket.resume().on('error', () => {}));
  server.listen(...(args as [number, string]));
  await once(server, 'listening');
  return server;
}

function options(calls?: Partial<SystemCalls>, more: Partial<CloseOptions> = {}): CloseOptions {
  const end = Date.now() + 8_000;
  return {
    seal: 'auto',
    failed: () => {},
    native: real.calls === undefined ? real : { calls: { ...real.calls, ...calls } },
    cookies: false,
    together: false,
    handshakeTimeout: 500,
    expired: () => Date.now() > end,
    ...more,
  };
}

const { ENOPROTOOPT, EPERM, EACCES, EINVAL } = constants.errno;

t.test('falls to the next method, and never hangs', { skip: !linux || !root }, async (t) => {
  const cases: [string, Partial<SystemCalls>, string, RegExp[]][] = [
    ['a kernel without the option', { bindToInterface: () => -ENOPROTOOPT }, 'filter', [/ENOPROTOOPT/]],
    ['a socket bound to a device', { bindToInterface: () => -EPERM }, 'filter', [/EPERM/]],
    [
      'a kernel that ignores the option',
      { bindToInterface: () => 0, boundInterface: () => 0 },
      'filter',
      [/no effect/],
    ],
    [
      'neither option',
      { bindToInterface: () => -ENOPROTOOPT, attachSynFilter: () => -EPERM },
      'backlog',
      [/ENOPROTOOPT/, /EPERM/],
    ],
    ['no TCP_INFO', { acceptQueueLength: () => -EINVAL }, 'detach', []],
    ['no netlink', { synReceived: () => -EACCES }, 'detach', []],
  ];
  for (const [name, calls, seal, notes] of cases) {
    const server = await listen(0, '127.0.0.1');
    const report = await closeListener(serverSocket(server), options(calls));
    t.equal(report.seal, seal, name);
    t.match(report.notes, notes, name);
    t.equal(server.listening, false, name);
  }
});

t.test('a full queue is accepted at once, however long the turns are', { skip: !linux }, async (t) => {
  const server = await listen(0, '127.0.0.1');
  let accepted = 0;
  let inThisTurn = 0;
  let mostInOne = 0;
  server.on('connection', (socket) => {
    accepted += 1;
    inThisTurn += 1;
    mostInOne = Math.max(mostInOne, inThisTurn);
    setImmediate(() => (inThisTurn = 0));
    socket.once('data', () => socket.end('answer'));
  });
  const { port } = server.address() as { port: number };
  const clients = Array.from({ length: 50 }, () => connect({ port, host: '127.0.0.1' }));
  const answers = clients.map(async (client) => {
    client.write('request');
    return String(await once(client, 'data'));
  });
  // On loopback the handshake happens within connect(2), which net.connect calls in the next tick.
  await new Promise<void>((resolve) => {
    process.nextTick(resolve);
  });
  const report = await closeListener(serverSocket(server), options({ synReceived: () => 0 }));
  t.equal(accepted, report.queued);
  t.equal(mostInOne, report.queued, 'all in one turn');
  t.match(report, { seal: 'detach', abandoned: 0 });
  t.strictSame(new Set(await Promise.all(answers)), new Set(['answer']));
});

t.test('without the addon the queue is counted all the same', { skip: !linux }, async (t) => {
  const none = { native: { calls: undefined, why: 'no addon' } };
  for (const host of ['127.0.0.1', '::1']) {
    const server = await listen(0, host);
    const { port } = server.address() as { port: number };
    const clients = Array.from({ length: 3 }, () => connect({ port, host }).on('error', () => {}));
    await new Promise<void>((resolve) => {
      process.nextTick(resolve);
    });
    const report = await closeListener(serverSocket(server), options({}, none));
    t.match(report, { seal: 'backlog', queued: 3, abandoned: 0 }, host);
    for (const client of clients) client.destroy();
  }
  const folder = mkdtempSync(join(tmpdir(), 'queue-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const unix = await listen(join(folder, 'socket'));
  t.match(await closeListener(serverSocket(unix), options({}, none)), { seal: 'unlink', abandoned: 0 });
});

t.test('a queue that never shrinks does not hold the close up', { skip: !linux }, async (t) => {
  const server = await listen(0, '127.0.0.1');
  const report = await closeListener(serverSocket(server), options({ acceptQueueLength: () => 3 }));
  t.equal(report.abandoned, 3);
  t.equal(server.listening, false);
});

t.test('handshakes that never end do not either', { skip: !linux }, async (t) => {
  const server = await listen(0, '127.0.0.1');
  const report = await closeListener(serverSocket(server), options({ synReceived: () => 2 }));
  t.equal(report.handshakes, 2);
  t.equal(server.listening, false);
});

t.test('SYN cookies and a shared port want the filter', { skip: !linux || !root }, async (t) => {
  const flooded = await listen(0, '127.0.0.1');
  t.equal((await closeListener(serverSocket(flooded), options({}, { cookies: true }))).seal, 'filter');
  const member = await listen(0, '127.0.0.1');
  const shared = { reusePort: () => 1 };
  t.equal((await closeListener(serverSocket(member), options(shared))).seal, 'filter');
  const all = await listen(0, '127.0.0.1');
  t.equal((await closeListener(serverSocket(all), options(shared, { together: true }))).seal, 'detach');
});

t.test('the port is free for a successor, every address family', { skip: !linux }, async (t) => {
  for (const host of ['127.0.0.1', '0.0.0.0', '::1', '::']) {
    const server = await listen(0, host);
    const { port } = server.address() as { port: number };
    const report = await closeListener(serverSocket(server), options());
    t.equal(report.seal, 'detach', host);
    const successor = await listen(port, host);
    successor.close();
  }
});

t.test(
  'a Unix socket is unlinked first and loses nothing',
  { skip: process.platform === 'win32' },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'graceful-'));
    t.teardown(() => rmSync(folder, { recursive: true }));
    const fixture = fileURLToPath(new URL('../fixtures/listener/seal-server.js', import.meta.url));
    const counts = { answered: 0, refused: 0, lost: 0 };
    for (let round = 0; round < 5; round += 1) {
      const path = join(folder, `${round}.sock`);
      const [command = '', ...args] = pristine;
      const child = spawn(command, [...args, fixture], {
        env: { ...process.env, SOCKET: path },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let stdout = '';
      child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
      await once(child.stdout, 'data');
      let running = true;
      const exited = once(child, 'exit');
      const clients = Array.from({ length: 32 }, async () => {
        while (running) {
          const outcome = await request(path);
          counts[outcome] += 1;
          if (outcome === 'refused') return;
        }
      });
      await new Promise((resolve) => setTimeout(resolve, 200));
      child.kill('SIGTERM');
      await Promise.race([Promise.all(clients), exited]);
      t.strictSame(await exited, [0, null]);
      running = false;
      await Promise.all(clients);
      t.match(stdout, /"seal":"unlink"/);
      t.equal(existsSync(path), false);
    }
    t.equal(counts.lost, 0);
    t.ok(counts.answered > 0 && counts.refused > 0);
  },
);

t.test('a successor may bind the path of a Unix socket before the old listener is closed', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'graceful-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'app.sock');
  const old = await listen(path);
  const closed = closeListener(serverSocket(old), options());
  const successor = await listen(path);
  t.teardown(() => successor.close());
  t.equal((await closed).seal, 'unlink');
  const client = connect({ path });
  await once(client, 'connect');
  client.destroy();
  t.strictSame(readdirSync(folder), ['app.sock']);
});

function request(path: string): Promise<'answered' | 'refused' | 'lost'> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ path }, () => socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'));
    socket.on('data', (chunk) => {
      text += chunk.toString();
      if (!text.endsWith('hello\n')) return;
      resolve('answered');
      socket.destroy();
    });
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      resolve(code === 'ENOENT' || code === 'ECONNREFUSED' ? 'refused' : 'lost');
    });
    socket.on('close', () => resolve('lost'));
  });
}

t.test(
  'something else closes it while its queue is being emptied: not clean, by name',
  { skip: !linux },
  async (t) => {
    const server = await listen(0, '127.0.0.1');
    const errors: unknown[] = [];
    let asked = 0;
    const acceptQueueLength = (fd: number): number => {
      asked += 1;
      if (asked === 3) Server.prototype.close.call(server);
      return fd < 0 ? -1 : 1;
    };
    const report = await closeListener(
      serverSocket(server),
      options(
        { acceptQueueLength, acceptConnection: () => -constants.errno.EMFILE },
        { failed: (error) => errors.push(error) },
      ),
    );
    t.match(report, { queued: 1, abandoned: null });
    t.match(errors, [{ code: 'ERR_GRACEFUL_LISTENER_CLOSED' }]);
  },
);
