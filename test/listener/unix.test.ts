// Unix sockets: whose a path is, and abstract ones, which have none; and descriptors that are used again.
import { once } from 'node:events';
import { existsSync, linkSync, mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { closeListener, loadSystemCalls, serverSocket, type CloseOptions } from '../helpers/internals.ts';
import { clean, options, startServer, stop } from '../helpers/shutdown.ts';

const linux = process.platform === 'linux';

function folder(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'graceful-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

async function listen(t: Test, path: string | number): Promise<Server> {
  const server = createServer((socket) => socket.end('bye')).listen(path);
  await once(server, 'listening');
  t.teardown(() => server.close());
  return server;
}

const closing: CloseOptions = {
  native: loadSystemCalls(),
  seal: 'auto',
  failed: () => {},
  cookies: false,
  together: true,
  handshakeTimeout: 500,
  expired: () => false,
};

/** The status, or the code of the error. */
function ask(socketPath: string): Promise<number | string | undefined> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, agent: false }, (response) => {
      response.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code));
      response.resume().on('end', () => resolve(response.statusCode));
    });
    asked.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code)).end();
  });
}

t.test('a path that a successor has taken over stays', async (t) => {
  // Several times: a file system gives the number of the removed inode to the next file.
  for (let round = 0; round < 5; round += 1) {
    const path = join(folder(t), 'app.sock');
    const old = await startServer(t, { kind: 'http', options, path });
    unlinkSync(path);
    await startServer(t, { kind: 'http', options, path });
    const { ended } = await stop(old);
    t.match(await ended, clean);
    t.equal(await ask(path), 200, 'clients reach the successor');
  }
});

t.test('a path that is ours is removed, also by its second name', async (t) => {
  const path = join(folder(t), 'app.sock');
  const server = await startServer(t, { kind: 'http', options, path });
  linkSync(path, `${path}.link`);
  const { ended } = await stop(server);
  const { report } = await ended;
  t.match(report, { clean: true, listeners: [{ seal: 'unlink', address: path }] });
  t.notOk(existsSync(path));
  t.ok(existsSync(`${path}.link`), 'and nothing else is');
});

t.test('no file is overwritten while the path of a successor is put aside', async (t) => {
  const path = join(folder(t), 'app.sock');
  const old = serverSocket(await listen(t, path));
  unlinkSync(path);
  await listen(t, path);
  const names = [`${path}.${process.pid}`, `${path}.${process.pid}.0`];
  for (const name of names) writeFileSync(name, 'precious');
  const { seal } = await closeListener(old, closing);
  t.equal(seal, 'unlink');
  for (const name of names) t.equal(readFileSync(name, 'utf8'), 'precious');
  t.ok(existsSync(path), 'the path of the successor is there');
  t.notOk(existsSync(`${path}.${process.pid}.1`), 'and has no second name');
});

t.test('a process that has changed its folder', async (t) => {
  const [first, second] = [folder(t), folder(t)];
  const before = process.cwd();
  t.teardown(() => process.chdir(before));
  process.chdir(first);
  const server = await listen(t, 'app.sock');
  const socket = serverSocket(server);
  process.chdir(second);
  writeFileSync('app.sock', 'precious');
  await closeListener(socket, closing);
  t.notOk(existsSync(join(first, 'app.sock')), 'its own path is removed');
  t.equal(readFileSync(join(second, 'app.sock'), 'utf8'), 'precious', 'the other file is not');
});

t.test('an abstract socket under load', { skip: !linux }, async (t) => {
  const path = `\0graceful-${process.pid}`;
  const child = await startServer(t, { kind: 'http', options, path });
  const lost: unknown[] = [];
  let served = 0;
  const clients = Array.from({ length: 32 }, async () => {
    for (;;) {
      const outcome = await ask(path);
      if (outcome === 'ECONNREFUSED') return;
      if (outcome === 200) served += 1;
      else {
        lost.push(outcome);
        return;
      }
    }
  });
  while (served < 500) await new Promise(setImmediate);
  const { ended } = await stop(child);
  const { code, report } = await ended;
  await Promise.all(clients);
  t.same(lost, [], `${served} served, none reset`);
  t.equal(code, 0);
  t.match(report.listeners, [{ seal: 'shutdown' }]);
});

for (const seal of ['detach', 'filter'] as const) {
  t.test(`${seal} of a Unix socket gives way to what works there`, { skip: !linux }, async (t) => {
    const server = await listen(t, join(folder(t), 'app.sock'));
    const { seal: used, notes } = await closeListener(serverSocket(server), { ...closing, seal });
    t.equal(used, 'none');
    t.match(notes.join('; '), new RegExp(`${seal}: not a TCP socket`));
  });
}

t.test('a listener that the application closes meanwhile', { skip: !linux }, async (t) => {
  const { calls } = loadSystemCalls();
  if (calls === undefined) throw new Error('no addon');
  const server = await listen(t, 0);
  const socket = serverSocket(server);
  const { fd } = socket;
  const asked: number[] = [];
  // A handshake is always in progress, so that the close waits.
  const native = {
    calls: {
      ...calls,
      synReceived: () => 1,
      acceptConnection: (each: number) => {
        asked.push(each);
        return calls.acceptConnection(each);
      },
    },
  };
  const closed = closeListener(socket, { ...closing, native });
  Server.prototype.close.call(server);
  const other = await listen(t, 0);
  t.equal(serverSocket(other).fd, fd, 'another listener has its descriptor');
  t.equal(socket.fd, -1);
  await closed;
  t.notOk(asked.includes(fd), 'and nothing is accepted from it');
  t.ok(other.listening, 'nor is it closed');
});
