import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import {
  countLost,
  emptyCounts,
  runRound,
  startLoad,
  type Counts,
  type LoadOptions,
  type LoadTally,
} from '@graceful-cluster/probe';
import type * as Connections from '../../packages/probe/src/clients/connection.ts';
import { block } from '../fixtures/block.ts';
import { reset } from '../fixtures/probe/reset.ts';
import { pristine } from '../helpers/child.ts';

const probe = import.meta.resolve('@graceful-cluster/probe/package.json');
const { createConnection } = (await import(
  new URL('dist/clients/connection.js', probe).href
)) as typeof Connections;

const faultyServer = fileURLToPath(new URL('../fixtures/probe/faulty-server.js', import.meta.url));
const none: LoadOptions = { newConnection: 0, keepAlive: 0, slow: 0 };
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

const counted = (counts: Partial<Counts>): Counts => ({ ...emptyCounts(), ...counts });
const evaluate = (text: string): string[] => [...pristine, '-e', text];

async function listen(
  t: Test,
  onSocket: (socket: Socket) => void,
): Promise<{ server: Server; port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    onSocket(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { server, port: (server.address() as AddressInfo).port };
}

/** Makes so many attempts, one after the other. */
async function load(port: number, attempts: number, options: LoadOptions): Promise<LoadTally> {
  const load = startLoad({ host: '127.0.0.1', port }, { ...none, maxAttempts: attempts, ...options });
  await load.ended;
  return load.result();
}

t.test('a round against a server that commits every fault once reports exactly those', async (t) => {
  const phases = new Set<string>();
  const round = await runRound({
    address: 'printed',
    command: [...pristine, faultyServer],
    // The faults take 3 s where nothing else runs: the rest is for a busy machine, on which an answer may take as long.
    load: { ...none, newConnection: 1, hungAfter: 1_500 },
    warmup: 10_000,
    onProgress: ({ phase }) => phases.add(phase),
  });

  t.match(round.stdout, '\n0 faults left');
  const { answered, refused, ...lost } = round.counts;
  t.ok(answered > 90, `${answered} answered`);
  t.ok(refused > 0, `${refused} refused`);
  t.same(lost, { 'reset-before-accept': 0, reset: 1, empty: 1, cut: 7, unavailable: 1, hung: 1 });
  t.equal(countLost(round.counts), 11);
  t.same(round.kinds.newConnection?.counts, round.counts);

  t.same(
    round.lost.map(({ outcome, code }) => [outcome, code]),
    [
      ['reset', 'ECONNRESET'],
      ['empty', null],
      ['cut', null],
      ['cut', 'ECONNRESET'],
      ['cut', null],
      ['cut', null],
      ['cut', null],
      ['cut', 'malformed'],
      ['unavailable', '503'],
      ['hung', null],
      ['cut', 'ECONNRESET'],
    ],
  );
  for (const { kind, opened, started, connected, firstByte, ended, outcome } of round.lost) {
    t.same([kind, opened], ['newConnection', true]);
    const begun = outcome === 'cut' || outcome === 'unavailable';
    t.equal(firstByte !== null, begun, `${outcome}: the first byte came ${firstByte}`);
    const times = [started, connected ?? NaN, firstByte ?? ended, ended];
    t.same(
      times,
      times.toSorted((a, b) => a - b),
    );
  }
  const hung = round.lost.find(({ outcome }) => outcome === 'hung');
  t.ok(hung && hung.ended - hung.started >= 1_500 && hung.ended - hung.started < 4_200);
  const [before, after] = round.lost.slice(-2);
  t.ok((before?.ended ?? 0) < 0 && (after?.ended ?? 0) > 0, 'times are relative to the signal');

  const { first, last } = round.refused;
  t.equal(round.signalToRefused, first);
  t.ok(first !== null && first > (after?.ended ?? NaN) && last !== null && last >= first);
  t.match(round, {
    exit: { code: 0, signal: null },
    killed: false,
    outlastedLoad: false,
    refusedBeforeSignal: 0,
    acceptedAfterRefusal: 0,
    idleCloses: 0,
    idleResets: 0,
    unsolicited: 0,
    clientErrors: {},
  });
  t.ok(round.signalToExit > 0);
  // Progress is told by a timer: its ticks may miss the short start, or fall between the last client and the exit.
  const always = [...phases].filter((phase) => phase !== 'starting' && phase !== 'ending');
  t.same(always, ['load', 'signalled']);
  t.same(JSON.parse(JSON.stringify(round)), round, 'plain data');
});

t.test('a connection that is reset before connect is through', async (t) => {
  const { server, port } = await listen(t, () => {});
  const load = startLoad({ host: '127.0.0.1', port }, { ...none, newConnection: 2 });
  // Connections are begun on the next tick. After it the kernel has both, and neither side knows it yet.
  process.nextTick(() => server.close());
  while (load.counts.refused < 2) await sleep(10);
  load.stop();
  await load.ended;
  const { counts, refusedBeforeSignal } = load.result();
  t.same(counts, counted({ 'reset-before-accept': 2, refused: counts.refused }));
  t.equal(refusedBeforeSignal, counts.refused, 'there was no signal');
});

t.test('a server that accepts again after it refused is seen', async (t) => {
  const { server, port } = await listen(t, (socket) => socket.on('data', () => socket.write(ok)));
  server.close();
  // Taken first: the client begins at once, and where the machine is busy it is refused before the next line.
  const signalledAt = performance.timeOrigin + performance.now() - 1;
  const load = startLoad({ host: '127.0.0.1', port }, { ...none, newConnection: 1 });
  load.signalled(signalledAt);
  // It was refused at once and waits to try again.
  await sleep(20);
  const { port: again } = await new Promise<AddressInfo>((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve(server.address() as AddressInfo));
  });
  await sleep(100);
  load.stop();
  await load.ended;
  const { counts, acceptedAfterRefusal } = load.result();
  t.equal(again, port);
  t.ok(counts.refused > 0 && counts.answered > 0);
  t.equal(acceptedAfterRefusal, counts.answered);
});

t.test('whatever ends an idle connection costs a keep-alive client nothing', async (t) => {
  let connections = 0;
  const { port } = await listen(t, (socket) => {
    connections += 1;
    const number = connections;
    socket.on('data', () => {
      if (number === 3) socket.end(ok.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
      else if (number === 4) socket.write(`${ok}HTTP/1.1 408`);
      else socket.write(ok);
      if (number === 1) setTimeout(() => socket.end(), 5);
      if (number === 2) setTimeout(() => socket.resetAndDestroy(), 5);
    });
  });
  // With this seed all pauses are longer than 80 ms.
  const tally = await load(port, 8, { keepAlive: 1, thinkTime: 400, seed: 20 });
  t.same(tally.counts, counted({ answered: 8 }));
  t.match(tally, { idleCloses: 1, idleResets: 1, unsolicited: 1 });
  t.equal(connections, 5, 'the fifth one was used again');
});

t.test('a client that this process kept waiting opens a new connection', async (t) => {
  let opened = 0;
  const { port } = await listen(t, (socket) => {
    opened += 1;
    socket.on('data', () => {
      socket.write(ok);
      setTimeout(block, 200, 2_500);
    });
  });
  // With this seed all pauses are longer than 400 ms.
  const tally = await load(port, 2, { keepAlive: 1, thinkTime: 2_000, seed: 20 });
  t.same(tally.counts, counted({ answered: 2 }));
  t.equal(opened, 2);
});

t.test('a request on a connection used again is lost when the server closes it', async (t) => {
  let opened = 0;
  let resets = 0;
  const { port } = await listen(t, (socket) => {
    opened += 1;
    let requests = 0;
    socket.on('data', () => {
      requests += 1;
      if (requests === 1) {
        socket.write(ok);
        return;
      }
      resets += 1;
      if (resets === 2) load.stop();
      socket.resetAndDestroy();
    });
  });
  const load = startLoad({ host: '127.0.0.1', port }, { ...none, keepAlive: 1, thinkTime: 1 });
  await load.ended;
  const tally = load.result();
  // A client that the machine keeps waiting opens more than the two connections.
  t.same(tally.counts, counted({ answered: opened, reset: 2 }));
  t.match(tally.lost, [{ opened: false, connected: null }, { opened: false }]);
});

/** How two requests on one connection end, where the server does this to the first. */
async function endings(t: Test, answer: (socket: Socket) => void): Promise<unknown[]> {
  const { port } = await listen(t, (socket) => socket.once('data', () => answer(socket)));
  const never = (): void => void t.fail('idle');
  const isError = (): boolean => false;
  const idle = { closed: never, reset: never, unsolicited: never };
  const connection = createConnection({ number: 1, target: { host: '127.0.0.1', port }, idle, isError });
  const request = Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const opened = { kind: 'pipelined', connection: 1, startedAt: 0, opened: true } as const;
  const attempts = [1, 2].map(
    () =>
      new Promise((resolve) => {
        const attempt = { ...opened, connectedAt: undefined, firstByteAt: undefined };
        connection.request(attempt, request, ({ outcome }) => resolve(outcome));
      }),
  );
  return Promise.all(attempts);
}

t.test('a reset right behind an answer is not taken for an end', async (t) => {
  const resets = await endings(t, (socket) => {
    socket.write(ok);
    reset(socket);
  });
  t.same(resets, ['answered', 'reset']);
  t.same(await endings(t, (socket) => socket.end(ok)), ['answered', 'empty']);
});

t.test('a Unix socket that its peer has closed was not reset', async (t) => {
  const path = join(tmpdir(), `probe-test-${process.pid}.sock`);
  const untilEnd = 'HTTP/1.0 200 OK\r\n\r\nuntil the end';
  const answers: ((socket: Socket) => void)[] = [
    (socket) => socket.end(untilEnd),
    (socket) => socket.write(untilEnd, () => socket.destroy()),
    (socket) => socket.destroy(),
  ];
  const server = createServer((socket) => socket.once('data', () => answers.shift()?.(socket)));
  await once(server.listen(path), 'listening');
  t.teardown(() => server.close());
  const load = startLoad({ host: '127.0.0.1', port: 0, path }, { ...none, newConnection: 1, maxAttempts: 3 });
  await load.ended;
  t.same(load.result().counts, counted({ answered: 2, empty: 1 }));
});

const whole = {
  'content length': 'HTTP/1.1 200 OK\r\ncontent-length:5\r\n\r\nhello',
  'no body': 'HTTP/1.1 204 No Content\r\n\r\n',
  chunks:
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\n',
  'interim responses': `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok}`,
  'no reason': 'HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n',
  'a client error': 'HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno',
};

t.test('complete answers', async (t) => {
  for (const [name, answer] of Object.entries(whole)) {
    for (const step of [1, 7, answer.length]) {
      const { port } = await listen(t, (socket) => {
        socket.setNoDelay().on('data', async () => {
          for (let at = 0; at < answer.length; at += step) {
            socket.write(answer.slice(at, at + step));
            if (at + step < answer.length) await sleep(0);
          }
        });
      });
      const tally = await load(port, 3, { keepAlive: 1, thinkTime: 0, allow4xx: true });
      t.same(tally.counts, counted({ answered: 3 }), `${name}, ${step} bytes at a time`);
      t.match(tally, { idleCloses: 0, unsolicited: 0 });
    }
  }
});

t.test('an answer that only the end of the connection ends', async (t) => {
  for (const head of ['HTTP/1.1 200 OK\r\nDate: x\r\n\r\n', 'HTTP/1.0 200 OK\r\n\r\n']) {
    const { port } = await listen(t, (socket) => socket.on('data', () => socket.end(`${head}until the end`)));
    t.same((await load(port, 3, { keepAlive: 1, thinkTime: 0 })).counts, counted({ answered: 3 }));
  }
});

t.test('what each kind of client sends', async (t) => {
  const requests = new Set<string>();
  const { port } = await listen(t, (socket) =>
    socket.on('data', (data) => {
      requests.add(String(data));
      socket.write(ok);
    }),
  );
  const clients = { newConnection: 1, keepAlive: 1, slow: 1, thinkTime: 0, path: '/a', slowPath: '/b' };
  const load = startLoad({ host: '127.0.0.1', port }, { ...none, ...clients, announceClose: true });
  // The slow client begins after up to 500 ms. By then the others may have made thousands of attempts.
  while (requests.size < 3 || load.counts.answered < 2_000) await sleep(5);
  load.stop();
  await load.ended;
  const { kinds } = load.result();
  t.same(Object.keys(kinds).toSorted(), ['keepAlive', 'newConnection', 'slow']);
  const end = `HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n`;
  t.same(
    [...requests].toSorted(),
    [
      `GET /a ${end}\r\n`,
      `GET /a ${end}Connection: close\r\n\r\n`,
      `GET /b ${end}Connection: close\r\n\r\n`,
    ].toSorted(),
  );
});

t.test('only this machine is probed', async (t) => {
  t.throws(() => startLoad({ host: '192.0.2.1', port: 80 }), { code: 'ERR_PROBE_NOT_LOOPBACK' });
  const command = evaluate(`console.log('http://192.0.2.1:80'); setInterval(() => {}, 1000)`);
  await t.rejects(runRound({ address: 'printed', command, load: none }), { code: 'ERR_PROBE_NOT_LOOPBACK' });
});

t.test('servers that do not start', async (t) => {
  const code = 'ERR_PROBE_START_FAILED';
  await t.rejects(runRound({ command: ['/nonexistent'] }), { code, message: /ENOENT/ });
  await t.rejects(runRound({ command: evaluate(`console.error('no luck'); process.exit(3)`) }), {
    code,
    message: /code 3\n.*no luck/s,
  });
  const command = evaluate(`console.log('hello'); setInterval(() => {}, 1000)`);
  await t.rejects(runRound({ address: 'printed', command, startTimeout: 500 }), {
    code,
    message: /no address in time/,
  });
});

const serve = `
  const server = require('node:http').createServer((request, response) => response.end('ok'));
  server.listen(0, '127.0.0.1', () => console.log('http://127.0.0.1:' + server.address().port));`;

t.test('a round says when the last answer came that the server owed', async (t) => {
  const { server, port } = await listen(t, () => {});
  await new Promise((resolve) => void server.close(resolve));
  const command = evaluate(`
    const { createServer } = require('node:http');
    const server = createServer((_, response) => setTimeout(() => response.end('ok'), 600));
    server.listen(${port}, '127.0.0.1');
    process.on('SIGTERM', () => server.close());`);
  const load = { ...none, newConnection: 3 };
  const round = await runRound({ command, address: { host: '127.0.0.1', port }, load, warmup: 300 });
  t.same(round.counts, counted({ answered: 3, refused: round.counts.refused }));
  const { lastOwedAnswer, signalToExit, inFlightAtSignal } = round;
  t.equal(inFlightAtSignal, 3);
  t.ok(lastOwedAnswer !== null && lastOwedAnswer > 0 && lastOwedAnswer < signalToExit);
});

t.test('a server that ends before the signal', async (t) => {
  const command = evaluate(`${serve} setTimeout(() => process.exit(7), 300)`);
  await t.rejects(
    runRound({ address: 'printed', command, load: { ...none, newConnection: 1 }, warmup: 5_000 }),
    {
      code: 'ERR_PROBE_SERVER_DIED',
      message: /code 7/,
    },
  );
});

t.test('a server that does not stop is killed, and so is what it started', async (t) => {
  const ended: Promise<unknown>[] = [];
  const { port } = await listen(t, (socket) => ended.push(once(socket.resume(), 'close')));
  const command = evaluate(`
    const child = \`require('node:net').connect(${port}, '127.0.0.1', () => console.log(1)); process.on('SIGTERM', () => {})\`;
    require('node:child_process').spawn(process.execPath, ['-e', child]).stdout.once('data', () => {${serve}});
    process.on('SIGTERM', () => {});`);
  const load = { ...none, keepAlive: 2 };
  const round = await runRound({
    address: 'printed',
    command,
    load,
    warmup: 200,
    loadAfterSignal: 200,
    exitTimeout: 1_500,
  });
  t.match(round, { killed: true, outlastedLoad: true, exit: { code: null, signal: 'SIGKILL' } });
  t.match(round, { signalToRefused: null, counts: counted({ answered: round.counts.answered }) });
  t.equal(ended.length, 1);
  await Promise.all(ended);
});

t.test('a signal to the whole group', { skip: process.platform === 'win32' }, async (t) => {
  const command = evaluate(`
    const child = \`process.on('SIGTERM', () => { console.log('child stops'); process.exit() }); console.log('up'); setInterval(() => {}, 1000)\`;
    const { stdout } = require('node:child_process').spawn(process.execPath, ['-e', child]);
    stdout.once('data', () => {${serve}}).pipe(process.stdout);
    process.on('SIGTERM', () => stdout.once('end', () => process.exit()));`);
  const round = await runRound({ address: 'printed', command, load: none, warmup: 50, group: true });
  t.match(round, { stdout: /child stops/, killed: false, exit: { code: 0 } });
});
