import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { freePort } from '../helpers/free-port.ts';
import {
  ends,
  kill,
  oneInEach,
  request,
  startCluster,
  type ClusterProcess,
  type Request,
} from './cluster-process.ts';

const CLEAN = { code: 0, signal: null };
const CUT = { code: 1, signal: null };
const SHORT = { timeout: 4_000, cleanupTimeout: 500 };

t.jobs = 4;

/** How the answer to each request in flight ended, by the worker that had it. */
async function endings(requests: Awaited<ReturnType<typeof oneInEach>>): Promise<readonly string[]> {
  return (await Promise.all(requests.map(({ ended }) => ended))).toSorted();
}

async function outcomes(cluster: ClusterProcess): Promise<Readonly<Record<number, string>>> {
  const { workers } = await cluster.report();
  return Object.fromEntries(workers.map(({ id, outcome }) => [id, outcome]));
}

async function onlyLostBy(t: Test, dead: number, requests: readonly Request[]): Promise<void> {
  for (const { worker, ended } of requests) {
    const pid = await worker;
    if (pid === dead) t.ok(isLost(await ended));
    else t.equal(await ended, String(pid), 'the others are answered');
  }
}

const isLost = (ending: string): boolean => ending === 'ECONNRESET' || ending === 'empty';

/** What the primary says; the worker that drained says nothing. */
const DIED =
  /^graceful-cluster: the stop was not clean \(SIGTERM, [\d.]+ m?s\): worker 1 died \(.+\)\n.+#not-clean\n$/;

for (const mode of ['rr', 'none']) {
  t.test(`${mode}: a worker killed in its drain takes no more than its own requests`, async (t) => {
    const cluster = await startCluster(t, { env: { MODE: mode } });
    const inFlight = await oneInEach(cluster, 2, 1_500);
    const [first = 0] = cluster.workers();
    cluster.signal('SIGTERM');
    await sleep(150);
    kill(first, 'SIGKILL');
    await onlyLostBy(t, first, inFlight);
    await ends(t, cluster, CUT);
    t.same(await outcomes(cluster), { 1: 'died', 2: 'drained' });
    t.match(cluster.stderr(), DIED);
  });
}

for (const order of ['before', 'after']) {
  t.test(`a worker killed just ${order} the signal`, async (t) => {
    const cluster = await startCluster(t);
    const inFlight = await oneInEach(cluster, 2, 1_000);
    const [first = 0] = cluster.workers();
    if (order === 'after') cluster.signal('SIGTERM');
    kill(first, 'SIGKILL');
    if (order === 'before') cluster.signal('SIGTERM');
    await onlyLostBy(t, first, inFlight);
    // Its end may be known before the signal: then it is no part of the shutdown.
    const died = Object.values(await outcomes(cluster)).includes('died');
    await ends(t, cluster, died ? CUT : CLEAN);
    t.match(cluster.stderr(), died ? DIED : /^$/);
  });
}

/** What a worker says that leaves in the middle of its drain. */
const leftWith = (code: number): RegExp =>
  new RegExp(
    `^graceful-cluster: an exit with code ${code} cut the shutdown short: GET /slow, .+\n${DIED.source.slice(1)}`,
  );

const leaving: readonly (readonly [fault: string, said: RegExp])[] = [
  ['leaves when it is announced', DIED],
  ['leaves when it is told to drain', DIED],
  ['leaves in its drain', leftWith(0)],
  ['crashes in its drain', leftWith(5)],
];
for (const [fault, said] of leaving) {
  t.test(`a worker that ${fault}, with a request`, async (t) => {
    const cluster = await startCluster(t, { env: { FAULTS: JSON.stringify({ 1: fault }) } });
    const inFlight = await oneInEach(cluster, 2, 2_000);
    cluster.signal('SIGTERM');
    const ended = await endings(inFlight);
    t.equal(ended.filter(isLost).length, 1);
    t.ok(ended.includes(String(cluster.workers()[1])));
    await ends(t, cluster, CUT);
    t.same(await outcomes(cluster), { 1: 'died', 2: 'drained' });
    t.match(cluster.stderr(), said);
  });
}

for (const [fault] of leaving.slice(0, 2)) {
  t.test(`a worker that ${fault}, with nothing to lose`, async (t) => {
    const cluster = await startCluster(t, { env: { FAULTS: JSON.stringify({ 1: fault }) } });
    cluster.signal('SIGTERM');
    await ends(t, cluster, CLEAN);
    t.same(await outcomes(cluster), { 1: 'left', 2: 'drained' });
    t.equal(cluster.stderr(), '');
  });
}

t.test('workers that leave on a signal to the group, before they are told', async (t) => {
  const cluster = await startCluster(t, { env: { FAULTS: '{"0":"leaves on the signal"}' } });
  cluster.signalGroup('SIGTERM');
  await ends(t, cluster, CLEAN);
  t.match(
    cluster.stderr(),
    /^(graceful-cluster: during the shutdown the program called process\.exit\(0\).*\n)*$/,
  );
});

t.test('a worker that disconnects in its drain still drains', async (t) => {
  const cluster = await startCluster(t, { env: { FAULTS: '{"0":"disconnects in its drain"}' } });
  const inFlight = await oneInEach(cluster, 2, 600);
  cluster.signal('SIGTERM');
  t.same(await endings(inFlight), cluster.workers().map(String).toSorted());
  await ends(t, cluster, CLEAN);
  t.same(await outcomes(cluster), { 1: 'left', 2: 'left' });
});

for (const mode of ['rr', 'none']) {
  t.test(`${mode}: a stopped worker is killed at the deadline, and holds nobody up`, async (t) => {
    const cluster = await startCluster(t, { env: { MODE: mode, OPTIONS: JSON.stringify(SHORT) } });
    const inFlight = await oneInEach(cluster, 2, 1_500);
    const [first = 0] = cluster.workers();
    kill(first, 'SIGSTOP');
    cluster.signal('SIGTERM');
    await ends(t, cluster, CUT, SHORT);
    await onlyLostBy(t, first, inFlight);
    t.same(await outcomes(cluster), { 1: 'killed', 2: 'drained' });
    const { workers, connections } = await cluster.report();
    t.equal(workers[0]?.signal, 'SIGKILL');
    t.match(connections.cut[0]?.name, /^worker 1 \(pid \d+\): /);
  });
}

t.test(
  'a worker that gets as far as its listener when the others have closed drains like them',
  async (t) => {
    // On a fixed port, as in production: Node checks that it got the one it asked for.
    const port = await freePort();
    const env = { PORT: String(port), FAULTS: '{"2":"listens after the announcement"}' };
    const cluster = await startCluster(t, { env, until: 'up' });
    await cluster.line('waits');
    const blocked = await request(port, '/block?ms=600').ended;
    await sleep(100);
    const inFlight = [request(port), request(port), request(port)];
    await Promise.all(inFlight.map(({ connected }) => connected));
    cluster.signal('SIGTERM');
    t.same(await endings(inFlight), [blocked, blocked, blocked]);
    await ends(t, cluster, CLEAN);
    t.same(await outcomes(cluster), { 1: 'drained', 2: 'drained' });
    t.equal(cluster.stderr(), '');
  },
);

t.test('a worker that is blocked for a while is waited for', async (t) => {
  const cluster = await startCluster(t);
  const blocked = await request(cluster.port, '/block?ms=1500').ended;
  await sleep(100);
  const inFlight = [request(cluster.port), request(cluster.port), request(cluster.port)];
  await Promise.all(inFlight.map(({ connected }) => connected));
  await sleep(50);
  cluster.signal('SIGTERM');
  const bodies = await endings(inFlight);
  t.ok(
    bodies.every((body) => cluster.workers().includes(Number(body))),
    bodies.join(),
  );
  t.ok(bodies.includes(blocked));
  await ends(t, cluster, CLEAN);
});

t.test('when all workers are blocked, what the primary holds waits for them', async (t) => {
  const cluster = await startCluster(t);
  const blocked = [request(cluster.port, '/block?ms=1800'), request(cluster.port, '/block?ms=1500')];
  t.equal(new Set(await endings(blocked)).size, 2);
  await sleep(100);
  const inFlight = Array.from({ length: 12 }, () => request(cluster.port));
  await Promise.all(inFlight.map(({ connected }) => connected));
  await sleep(50);
  cluster.signal('SIGTERM');
  const bodies = await endings(inFlight);
  t.ok(
    bodies.every((body) => cluster.workers().includes(Number(body))),
    bodies.join(),
  );
  await ends(t, cluster, CLEAN);
});

t.test('a worker that is blocked for good is killed', async (t) => {
  const env = { OPTIONS: JSON.stringify(SHORT) };
  const cluster = await startCluster(t, { env });
  await request(cluster.port, '/block?ms=60000').ended;
  await sleep(100);
  cluster.signal('SIGTERM');
  await ends(t, cluster, CUT, SHORT);
  t.same(Object.values(await outcomes(cluster)).toSorted(), ['drained', 'killed']);
});

t.test('a worker that is not up in time has lost nothing', async (t) => {
  const env = { FAULTS: '{"2":"never gets up"}', OPTIONS: JSON.stringify(SHORT) };
  const cluster = await startCluster(t, { env, until: 'up' });
  cluster.signal('SIGTERM');
  await ends(t, cluster, CLEAN, SHORT);
  t.same(await outcomes(cluster), { 1: 'drained', 2: 'left' });
  t.equal((await cluster.report()).workers[1]?.signal, 'SIGKILL');
});

t.test('a worker that never listens', async (t) => {
  const env = { FAULTS: '{"2":"never listens"}' };
  const cluster = await startCluster(t, { env, until: 'up' });
  cluster.signal('SIGTERM');
  await ends(t, cluster, CLEAN);
  t.match(await outcomes(cluster), { 1: 'drained', 2: /^(drained|left)$/ });
});

t.test('a worker without a coordinator is closed by Node', async (t) => {
  const cluster = await startCluster(t, { env: { FAULTS: '{"1":"has no coordinator"}' } });
  const inFlight = await oneInEach(cluster, 2, 600);
  cluster.signal('SIGTERM');
  t.same(await endings(inFlight), cluster.workers().map(String).toSorted());
  await ends(t, cluster, CLEAN);
  t.same(await outcomes(cluster), { 1: 'left', 2: 'drained' });
});

t.test('an endless response is cut in time, and named', async (t) => {
  const env = { OPTIONS: JSON.stringify(SHORT) };
  const cluster = await startCluster(t, { env });
  const inFlight = await oneInEach(cluster, 2, 30_000);
  cluster.signal('SIGTERM');
  await ends(t, cluster, CUT, SHORT);
  t.ok((await endings(inFlight)).every(isLost));
  t.same(await outcomes(cluster), { 1: 'drained', 2: 'drained' });
  const { workers } = await cluster.report();
  for (const { report } of workers) t.match(report?.connections.cut[0]?.name, /^GET \/slow, \d/);
  t.match(
    cluster.stderr(),
    /: worker 1: cut at the deadline: GET \/slow, [\d.]+ s; worker 2: cut at the deadline: GET/,
  );
});

t.test('workers that take no more connections are not waited for, and the report says so', async (t) => {
  const cluster = await startCluster(t, { env: { FAULTS: '{"0":"takes one connection"}' } });
  const inFlight = await oneInEach(cluster, 2, 3_500);
  const untaken = [request(cluster.port), request(cluster.port), request(cluster.port)];
  await Promise.all(untaken.map(({ connected }) => connected));
  await sleep(100);
  cluster.signal('SIGTERM');
  const ended = await endings(untaken);
  t.ok(ended.every(isLost), ended.join());
  t.same(await endings(inFlight), cluster.workers().map(String).toSorted());
  await ends(t, cluster, CUT);
  const { connections } = await cluster.report();
  t.same(
    connections.cut.map(({ name }) => name),
    ['3 connections that no worker took'],
  );
});

for (const [name, fault] of [
  ['signal', 'has a handler and no coordinator'],
  ['signalGroup', 'has a handler and no coordinator'],
  ['signal', 'is signalled when asked, has a handler and no coordinator'],
] as const) {
  t.test(`a worker that ${fault} runs its handler, on a ${name}`, async (t) => {
    const cluster = await startCluster(t, { env: { FAULTS: JSON.stringify({ 0: fault }) } });
    cluster[name]('SIGTERM');
    await ends(t, cluster, CLEAN);
    const cleaned = [await cluster.line('cleaned'), await cluster.line('cleaned', 2)];
    t.same(new Set(cleaned.map(Number)), new Set(cluster.workers()));
    t.same(await outcomes(cluster), { 1: 'left', 2: 'left' });
  });
}

t.test('a job worker that does not leave is killed at the deadline, and that is not clean', async (t) => {
  const env = { FAULTS: '{"2":"is a job worker that stays"}', OPTIONS: JSON.stringify(SHORT) };
  const cluster = await startCluster(t, { env });
  cluster.signal('SIGTERM');
  await ends(t, cluster, CUT, SHORT);
  t.same(await outcomes(cluster), { 1: 'drained', 2: 'killed' });
});

t.test('the report of a primary is the sum of its workers', async (t) => {
  const env = { OPTIONS: JSON.stringify(SHORT) };
  const cluster = await startCluster(t, { env });
  const endless = Array.from({ length: 6 }, () => request(cluster.port, '/slow?ms=60000'));
  await Promise.all(endless.map(({ connected }) => connected));
  const inFlight = await oneInEach(cluster, 2, 500);
  cluster.signal('SIGTERM');
  for (const { ended } of inFlight) t.match(await ended, /^\d+$/);
  await ends(t, cluster, CUT, SHORT);
  const { requests, connections, workers } = await cluster.report();
  t.match(requests, { inFlight: 6 + inFlight.length, served: inFlight.length, cut: 6 });
  t.match(connections, { open: 6 + inFlight.length, cutTotal: 6 });
  t.equal(connections.cut.length, 6);
  t.ok(connections.cut.every(({ kind, lost }) => kind === 'request' && lost));
  t.equal(
    workers.reduce((sum, { report }) => sum + (report?.requests.cut ?? 0), 0),
    6,
  );
});

t.test('a worker with thousands to cut is heard in time, and the hooks of the primary run', async (t) => {
  const MANY = 500;
  const LONG = { timeout: 6_000, cleanupTimeout: 500 };
  const env = { WORKERS: '1', OPTIONS: JSON.stringify(LONG), HOOK: '1' };
  const cluster = await startCluster(t, { env });
  const sockets = await Promise.all(
    Array.from({ length: MANY }, async () => {
      const { connected, socket } = request(cluster.port, '/slow?ms=60000', 60_000);
      await connected;
      return socket;
    }),
  );
  // The last of them are still on their way to the worker.
  await Promise.all((await oneInEach(cluster, 1, 0)).map(({ ended }) => ended));
  cluster.signal('SIGTERM');
  await ends(t, cluster, CUT, LONG);
  t.ok(await cluster.line('hook'));
  t.same(await outcomes(cluster), { 1: 'drained' });
  const { requests, connections } = await cluster.report();
  t.match(requests, { inFlight: MANY, cut: MANY });
  t.equal(connections.cutTotal, MANY);
  t.equal(connections.cut.length, 100, 'a bounded number of them is named');
  for (const socket of sockets) socket.destroy();
});
