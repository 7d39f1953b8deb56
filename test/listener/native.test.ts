import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { constants as system, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import t, { type Test } from 'tap';
import type * as Native from '../../packages/core/src/kernel/system-calls.ts';

const core = import.meta.resolve('@graceful-cluster/core/package.json');
const source = new URL('dist/kernel/system-calls.js', core).href;
const { loadSystemCalls } = (await import(source)) as typeof Native;

const { EAFNOSUPPORT, EADDRNOTAVAIL, EAGAIN, EBADF, ECONNREFUSED, EINVAL, ENOENT } = system.errno;
const { ENOTSOCK, EOPNOTSUPP, EPERM } = system.errno;
/** An interface and a descriptor that no machine and no process has. */
const NOWHERE = 0x7fffffff;

const platform = `${process.platform}-${process.arch}`;
const prebuilt = ['linux-x64', 'linux-arm64'].includes(platform);
const wanted = process.env['GRACEFUL_CLUSTER_NATIVE'] !== 'off';
const loaded = loadSystemCalls();

/** Runs an ES module given as text and parses the JSON it prints. `env`, because tap puts itself into every Node. */
async function evaluate(text: string, flags: string[] = [], native = 'on'): Promise<unknown> {
  const env = ['-u', 'NODE_OPTIONS', `GRACEFUL_CLUSTER_NATIVE=${native}`];
  const args = [...env, process.execPath, ...flags, '--input-type=module', '-e', text, source];
  const { stdout } = await promisify(execFile)('env', args);
  return JSON.parse(stdout);
}

const load = `const { loadSystemCalls } = await import(process.argv[1]);`;
const printWhy = `${load} console.log(JSON.stringify(loadSystemCalls()));`;

/** The descriptor of a socket or a server, which Node keeps to itself. */
function descriptor(owner: object): number {
  const { _handle: handle } = owner as { _handle: { fd: number } };
  return handle.fd;
}

interface Echo {
  server: Server;
  port: number;
  fd: number;
}

/** A server that sends back what it gets; undefined where the machine lacks the address family. */
async function listen(t: Test, options: ListenOptions): Promise<Echo | undefined> {
  const server = createServer((socket) => socket.on('error', () => {}).pipe(socket));
  server.listen({ port: 0, ...options });
  try {
    await once(server, 'listening');
  } catch (error) {
    const { errno = 0 } = error as NodeJS.ErrnoException;
    if ([EAFNOSUPPORT, EADDRNOTAVAIL].includes(-errno)) return undefined;
    throw error;
  }
  t.teardown(() => server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { server, port: address.port, fd: descriptor(server) };
}

function client(t: Test, port: number, host: string): Socket {
  const socket = connect({ port, host });
  t.teardown(() => socket.destroy());
  return socket;
}

async function echoes(socket: Socket): Promise<boolean> {
  socket.write('still there?');
  const [answer] = await once(socket, 'data');
  return String(answer) === 'still there?';
}

/** How an attempt to connect ends, and after how many milliseconds. */
async function outcome(socket: Socket): Promise<{ end: string; after: number }> {
  const start = performance.now();
  const end = await once(socket, 'connect').then(
    () => 'connected',
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  );
  return { end, after: performance.now() - start };
}

/** Connects clients and returns when all are in the accept queue. The loop does not turn, so none is accepted. */
async function queue(
  t: Test,
  calls: Native.SystemCalls,
  { port, fd }: Echo,
  hosts: string[],
): Promise<Socket[]> {
  const before = calls.acceptQueueLength(fd);
  const sockets = hosts.map((host) => client(t, port, host));
  await new Promise<void>((resolve) => process.nextTick(resolve));
  until(() => calls.acceptQueueLength(fd) >= before + hosts.length);
  return sockets;
}

/** Waits for a second at most. */
function until(condition: () => boolean): void {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  for (let waits = 0; !condition() && waits < 1_000; waits += 1) Atomics.wait(cell, 0, 0, 1);
}

t.test('the addon loads where there is one for the platform, and is loaded once', async (t) => {
  t.equal(loaded.calls !== undefined, prebuilt && wanted, 'why' in loaded ? loaded.why : platform);
  t.equal(loadSystemCalls(), loaded);
});

t.test(
  'where the addon cannot be loaded, a sentence says why',
  { skip: prebuilt ? false : platform },
  async (t) => {
    const off = await evaluate(printWhy, [], 'off');
    t.same(off, { why: 'GRACEFUL_CLUSTER_NATIVE is off' });

    const disabled = /^the addon did not load \(ERR_DLOPEN_DISABLED: .*\)$/;
    t.match(await evaluate(printWhy, ['--no-addons']), { why: disabled });

    const flags = ['--permission', '--experimental-permission'];
    const flag = flags.find((flag) => process.allowedNodeEnvironmentFlags.has(flag));
    if (flag === undefined) t.comment('this Node has no permission model');
    else t.match(await evaluate(printWhy, [flag, '--allow-fs-read=*']), { why: disabled });

    const sun = `Object.defineProperty(process, 'arch', { value: 'sparc' });`;
    t.same(await evaluate(sun + printWhy), { why: `no prebuilt addon for ${process.platform}-sparc` });

    const folder = t.testdir({ app: { dist: {} } });
    const copy = `${folder}/app/dist/system-calls.mjs`;
    writeFileSync(`${folder}/app/dist/package.json`, '{"type":"module"}');
    copyFileSync(fileURLToPath(source), copy);
    copyFileSync(fileURLToPath(new URL('addon.js', source)), `${folder}/app/dist/addon.js`);
    const elsewhere = printWhy.replace('process.argv[1]', JSON.stringify(copy));
    const missing = /^the addon was not found: copy the folder prebuilds .* GRACEFUL_CLUSTER_NATIVE$/;
    t.match(await evaluate(elsewhere), { why: missing }, 'no file');

    const failed = /^the addon did not load \(ERR_DLOPEN_FAILED: .*\)$/;
    t.match(await evaluate(elsewhere, [], `${folder}/none.node`), { why: failed }, 'a path without a file');
    const ours = fileURLToPath(new URL(`prebuilds/${platform}.node`, core));
    t.notMatch(await evaluate(elsewhere, [], ours), { why: /./ }, 'the path of the file');

    mkdirSync(`${folder}/app/prebuilds`);
    copyFileSync(ours, `${folder}/app/prebuilds/${platform}.node`);
    t.notMatch(await evaluate(elsewhere), { why: /./ }, 'a copy beside the folder of the program');
    const foreign = platform === 'linux-x64' ? 'linux-arm64' : 'linux-x64';
    copyFileSync(new URL(`prebuilds/${foreign}.node`, core), `${folder}/app/prebuilds/${platform}.node`);
    t.match(await evaluate(elsewhere), { why: failed }, 'a file for another processor');
  },
);

t.test('system calls', { skip: loaded.calls === undefined ? loaded.why : false }, async (t) => {
  if (loaded.calls === undefined) return;
  const { calls } = loaded;

  t.test('importing loads nothing', async (t) => {
    const addons = `process.report.getReport().sharedObjects.filter((file) => /prebuilds/.test(file)).length`;
    const text = `${load} const before = ${addons}; loadSystemCalls(); console.log(JSON.stringify([before, ${addons}]));`;
    t.same(await evaluate(text), [0, 1]);
  });

  t.test('workers can load it too', async (t) => {
    const text = `import(${JSON.stringify(source)}).then(({ loadSystemCalls }) =>
      require('node:worker_threads').parentPort.postMessage(loadSystemCalls().calls.synReceived(1)));`;
    for (let i = 0; i < 3; i++) {
      const worker = new Worker(text, { eval: true, execArgv: [] });
      t.same(await once(worker, 'message'), [0]);
      await worker.terminate();
    }
  });

  const ipv4 = { name: '127.0.0.1', options: { host: '127.0.0.1' }, hosts: ['127.0.0.1'] };
  const dualStack = { name: ':: (dual stack)', options: { host: '::' }, hosts: ['127.0.0.1', '::1'] };
  const families: { name: string; options: ListenOptions; hosts: string[] }[] = [
    ipv4,
    dualStack,
    { name: '0.0.0.0', options: { host: '0.0.0.0' }, hosts: ['127.0.0.1'] },
    { name: '::1', options: { host: '::1' }, hosts: ['::1'] },
    { name: ':: (ipv6Only)', options: { host: '::', ipv6Only: true }, hosts: ['::1'] },
  ];

  for (const { name, options, hosts } of families) {
    t.test(`bound to no interface, ${name} refuses new clients and keeps those it has`, async (t) => {
      const echo = await listen(t, options);
      if (echo === undefined) return t.comment('this machine lacks the address family');
      const established = hosts.map((host) => client(t, echo.port, host));
      for (const socket of established) t.ok(await echoes(socket));
      const queued = await queue(t, calls, echo, [...hosts, ...hosts]);
      t.equal(calls.acceptQueueLength(echo.fd), queued.length);

      t.equal(calls.boundInterface(echo.fd), 0);
      t.equal(calls.bindToInterface(echo.fd, NOWHERE), 0);
      t.equal(calls.boundInterface(echo.fd), NOWHERE);
      t.equal(calls.acceptQueueLength(echo.fd), queued.length, 'the queue stays');

      for (const host of hosts) {
        const { end, after } = await outcome(client(t, echo.port, host));
        t.equal(end, 'ECONNREFUSED');
        t.ok(after < 500, `at once: after ${after.toFixed(1)} ms`);
      }
      for (const socket of established) t.ok(await echoes(socket), 'established');
      for (const socket of queued) t.ok(await echoes(socket), 'queued');
      t.equal(calls.acceptQueueLength(echo.fd), 0);
      t.equal(calls.synReceived(echo.port), 0);
    });
  }

  for (const { name, options, hosts } of [ipv4, dualStack]) {
    t.test(`the filter drops the SYN of new clients of ${name} and nothing else`, async (t) => {
      const echo = await listen(t, options);
      if (echo === undefined) return t.comment('this machine lacks the address family');
      const established = hosts.map((host) => client(t, echo.port, host));
      for (const socket of established) t.ok(await echoes(socket));
      const queued = await queue(t, calls, echo, hosts);

      const attached = calls.attachSynFilter(echo.fd);
      if (attached === -EPERM) return t.comment('this kernel wants CAP_NET_ADMIN for a filter');
      t.equal(attached, 0);
      const late = hosts.map((host) => outcome(client(t, echo.port, host)));
      t.equal(await Promise.race([...late, sleep(300, 'silence')]), 'silence');
      for (const socket of established) t.ok(await echoes(socket), 'established');
      for (const socket of queued) t.ok(await echoes(socket), 'queued');
      t.equal(calls.acceptQueueLength(echo.fd), 0);
      t.equal(calls.synReceived(echo.port), 0);

      echo.server.close();
      for (const { end, after } of await Promise.all(late)) {
        t.equal(end, 'ECONNREFUSED');
        t.ok(after > 900, `when the client sends its SYN again: after ${after.toFixed(0)} ms`);
      }
    });
  }

  t.test('all but the filter works without privileges, and a second bind takes some', async (t) => {
    const text = `${load}
      import { createServer } from 'node:net';
      const { calls } = loadSystemCalls();
      if (process.getuid() === 0) {
        process.setgroups([]);
        process.setgid(65534);
        process.setuid(65534);
      }
      const server = createServer().listen(0, '127.0.0.1', () => {
        const { fd } = server._handle;
        const results = [
          calls.bindToInterface(fd, ${NOWHERE}), calls.bindToInterface(fd, ${NOWHERE}), calls.bindToInterface(fd, 0),
          calls.boundInterface(fd), calls.attachSynFilter(fd), calls.acceptQueueLength(fd), calls.reusePort(fd),
          calls.synReceived(server.address().port),
        ];
        server.close();
        console.log(JSON.stringify(results));
      });`;
    const results = (await evaluate(text)) as number[];
    const [filtered = NaN] = results.splice(4, 1);
    t.ok([0, -EPERM].includes(filtered), `the filter, by kernel: ${filtered}`);
    t.same(results, [0, -EPERM, -EPERM, NOWHERE, 0, 0, 0]);
  });

  t.test('the accept queue is counted while nobody accepts', async (t) => {
    const echo = await listen(t, { host: '127.0.0.1' });
    if (echo === undefined) return;
    const sockets: Socket[] = [];
    const lengths = [calls.acceptQueueLength(echo.fd)];
    for (let i = 0; i < 20; i++) {
      sockets.push(...(await queue(t, calls, echo, ['127.0.0.1'])));
      lengths.push(calls.acceptQueueLength(echo.fd));
    }
    t.same(lengths, [...Array(21).keys()]);
    for (const socket of sockets) t.ok(await echoes(socket));
    t.equal(calls.acceptQueueLength(echo.fd), 0);
  });

  t.test('the accept queue is emptied without a turn of the loop', async (t) => {
    const echo = await listen(t, { host: '127.0.0.1' });
    if (echo === undefined) return;
    await queue(t, calls, echo, Array(5).fill('127.0.0.1'));
    const accepted = Array.from({ length: 6 }, () => calls.acceptConnection(echo.fd));
    t.equal(accepted.pop(), -EAGAIN);
    t.ok(accepted.every((fd) => fd > 2));
    const flags = accepted.map((fd) => readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'));
    t.ok(
      flags.every((text) => /^flags:\s*02004002$/m.test(text)),
      'non-blocking and close-on-exec',
    );
    for (const fd of accepted) closeSync(fd);
    t.equal(calls.acceptConnection(descriptor(client(t, echo.port, '127.0.0.1'))), -EINVAL, 'a connection');
  });

  t.test('what has come on a connection is counted while nobody reads it', async (t) => {
    const echo = await listen(t, { host: '127.0.0.1' });
    if (echo === undefined) return;
    const socket = client(t, echo.port, '127.0.0.1');
    const [[accepted]] = await Promise.all([once(echo.server, 'connection'), once(socket, 'connect')]);
    const fd = descriptor(accepted as Socket);
    t.equal(calls.unreadBytes(fd), 0);
    const echoed = echoes(socket);
    until(() => calls.unreadBytes(fd) > 0);
    t.equal(calls.unreadBytes(fd), 'still there?'.length);
    t.ok(await echoed);
    t.equal(calls.unreadBytes(fd), 0);
    t.equal(calls.unreadBytes(echo.fd), -EINVAL, 'a listener receives nothing');

    socket.resume();
    accepted.write('before');
    t.same([calls.shutdownWrite(fd), calls.shutdownWrite(fd)], [0, 0]);
    await once(socket, 'end');
    t.equal(socket.bytesRead, 'still there?before'.length, 'the FIN comes behind what was written');
  });

  t.test('a shared port is seen', async (t) => {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
    const alone = await listen(t, { host: '127.0.0.1' });
    t.equal(alone && calls.reusePort(alone.fd), 0);
    if (major < 22 || (major === 22 && minor < 12)) return t.comment('this Node has no reusePort');
    const reusePort: ListenOptions & { reusePort: boolean } = { host: '127.0.0.1', reusePort: true };
    const shared = await listen(t, reusePort);
    t.equal(shared && calls.reusePort(shared.fd), 1);
  });

  t.test('handshakes in progress are counted, on one port, in both families', async (t) => {
    // Node cannot set TCP_DEFER_ACCEPT, which leaves a connection in SYN_RECV until its client sends something.
    const perl = `use Socket ':all';
      socket(my $listener, PF_INET6, SOCK_STREAM, IPPROTO_TCP) or die;
      setsockopt($listener, IPPROTO_TCP, 9, pack('i', 60)) or die;
      bind($listener, pack_sockaddr_in6(0, IN6ADDR_ANY)) or die;
      listen($listener, 1024) or die;
      my ($port) = unpack_sockaddr_in6(getsockname($listener));
      $| = 1;
      print $port;
      sleep;`;
    if (spawnSync('perl', ['-MSocket=PF_INET6', '-e', '1']).status !== 0) return t.comment('no perl here');
    const child = spawn('perl', ['-e', perl], { stdio: ['ignore', 'pipe', 'ignore'] });
    t.teardown(() => child.kill('SIGKILL'));
    const port = await Promise.race([once(child.stdout, 'data').then(Number), once(child, 'exit')]);
    if (typeof port !== 'number') return t.comment('no dual-stack listener here');

    t.equal(calls.synReceived(port), 0);
    // 250 answers of the kernel do not fit into one message.
    for (const [host, total] of [['127.0.0.1', 250] as const, ['::1', 500] as const]) {
      const sockets = Array.from({ length: 250 }, () => client(t, port, host));
      await Promise.all(sockets.map((socket) => once(socket, 'connect')));
      t.equal(calls.synReceived(port), total);
    }
    t.equal(calls.synReceived(port === 65535 ? 1024 : port + 1), 0, 'not those of another port');
  });

  t.test('counting handshakes leaks no descriptor', async (t) => {
    const before = readdirSync('/proc/self/fd').length;
    for (let port = 1; port <= 50; port++) calls.synReceived(port);
    t.equal(readdirSync('/proc/self/fd').length, before);
  });

  t.test('bad arguments', async (t) => {
    const ofSockets = [
      'bindToInterface',
      'boundInterface',
      'attachSynFilter',
      'acceptQueueLength',
      'acceptConnection',
      'reusePort',
      'shutdownRead',
      'shutdownWrite',
    ];
    const names = [...ofSockets, 'unreadBytes'];
    const raw = calls as unknown as Record<string, (...args: unknown[]) => number>;
    const call = (name: string, ...args: unknown[]): number => raw[name]?.(...args) ?? NaN;
    const thrower = {
      valueOf: () => {
        throw new Error('called');
      },
    };
    const types = [undefined, null, true, '3', 3n, Symbol('3'), {}, [3], () => 3, thrower, new Number(3)];
    const numbers = [NaN, Infinity, -Infinity, -1, -0.5, 0.5, 1e-300, 2 ** 31, 2 ** 40, 2 ** 64, -(2 ** 31)];
    const garbage = [...types, ...numbers];
    const everyResult = (use: (value: unknown) => number, more: number[] = []): number[] => [
      ...new Set([...garbage, ...more].map(use)),
    ];

    for (const name of names) {
      t.equal(call(name), -EINVAL, `${name} without arguments`);
      t.same(
        everyResult((value) => call(name, value, 1)),
        [-EINVAL],
        `${name} with garbage`,
      );
    }
    t.equal(call('synReceived'), -EINVAL, 'synReceived without arguments');
    const ports = everyResult((value) => call('synReceived', value), [0, -0, 65536, 65535.5]);
    t.same(ports, [-EINVAL], 'synReceived with garbage');
    t.equal(calls.synReceived(1), 0);
    t.equal(calls.synReceived(65535), 0);

    t.equal(call('sendDatagram'), -EINVAL, 'sendDatagram without arguments');
    t.equal(call('sendDatagram', '/nowhere'), -EINVAL, 'sendDatagram without a text');
    const notTexts = garbage.filter((value) => typeof value !== 'string');
    t.same(
      [...new Set(notTexts.map((value) => call('sendDatagram', value, 'x')))],
      [-EINVAL],
      'garbage as a path',
    );
    t.same(
      [...new Set(notTexts.map((value) => call('sendDatagram', '/nowhere', value)))],
      [-EINVAL],
      'as a text',
    );
    for (const path of ['', 'relative', `/${'x'.repeat(107)}`, `@${'é'.repeat(54)}`]) {
      t.equal(call('sendDatagram', path, 'x'), -EINVAL, `no path: ${path.slice(0, 12)}`);
    }
    t.equal(call('sendDatagram', '/nowhere', 'x'.repeat(4_096)), -EINVAL, 'a text that is too long');
    t.equal(call('sendDatagram', '/nowhere/at/all', 'x'), -ENOENT, 'no socket there');
    t.equal(
      call('sendDatagram', `@nobody-${process.pid}`, 'x'),
      -ECONNREFUSED,
      'nor in the abstract namespace',
    );

    const echo = await listen(t, { host: '127.0.0.1' });
    if (echo === undefined) return;
    t.equal(call('bindToInterface', echo.fd), -EINVAL, 'no index');
    const indices = everyResult((value) => call('bindToInterface', echo.fd, value));
    t.same(indices, [-EINVAL], 'garbage as an index');
    t.equal(calls.boundInterface(echo.fd), 0, 'and nothing happened');
    t.equal(call('reusePort', echo.fd, 'one more', {}, null), 0, 'further arguments do not matter');

    const file = openSync(process.execPath, 'r');
    const fifo = `${t.testdir({})}/fifo`;
    spawnSync('mkfifo', [fifo]);
    const pipe = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
    t.teardown(() => [file, pipe].forEach((fd) => closeSync(fd)));
    const closed = openSync(process.execPath, 'r');
    closeSync(closed);
    for (const name of names) {
      t.equal(call(name, closed, 1), -EBADF, `${name} of a closed descriptor`);
      t.equal(call(name, NOWHERE, 1), -EBADF, `${name} of a descriptor that never was`);
    }
    for (const name of ofSockets) {
      t.equal(call(name, file, 1), -ENOTSOCK, `${name} of a file`);
      t.equal(call(name, pipe, 1), -ENOTSOCK, `${name} of a pipe`);
    }

    const socket = client(t, echo.port, '127.0.0.1');
    await once(socket, 'connect');
    t.equal(calls.acceptQueueLength(descriptor(socket)), -EINVAL, 'a connection has no accept queue');
    const unix = createServer().listen(join(tmpdir(), `native-test-${process.pid}`));
    t.teardown(() => unix.close());
    await once(unix, 'listening');
    const queued = calls.acceptQueueLength(descriptor(unix));
    t.equal(queued, -EOPNOTSUPP, 'nor has a Unix socket one that can be read');
  });
});
