import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { ReloadReport, Retired } from '@graceful-cluster/core';
import { ends, kill, startCluster, type ClusterProcess } from './cluster-process.ts';
import { get, keep, type KeptConnection } from './kept-connection.ts';

const CLEAN = { code: 0, signal: null };

t.jobs = 4;

interface Setting {
  /** Of its servers. */
  readonly server?: object;
  readonly supervisor?: object;
  readonly touches?: 'listener' | 'property';
  readonly workers?: number;
}

function start(t: Test, { server, supervisor, touches, workers = 1 }: Setting = {}): Promise<ClusterProcess> {
  const env = {
    WORKERS: String(workers),
    SERVER: JSON.stringify({ keepAliveTimeout: 60_000, ...server }),
    OPTIONS: JSON.stringify({ timeout: 20_000, ...supervisor }),
    ...(touches && { TOUCHES: touches }),
  };
  return startCluster(t, { env });
}

async function reload(cluster: ClusterProcess, nth = 1): Promise<ReloadReport> {
  cluster.signal('SIGUSR2');
  return JSON.parse(await cluster.line('reloaded', nth)) as ReloadReport;
}

async function retired(cluster: ClusterProcess, nth = 1): Promise<Retired> {
  return JSON.parse(await cluster.line('retired', nth)) as Retired;
}

/** Connections that have had a request each. */
async function connections(t: Test, cluster: ClusterProcess, count: number): Promise<KeptConnection[]> {
  const all = await Promise.all(Array.from({ length: count }, () => keep(cluster.port)));
  for (const each of all) t.teardown(each.end);
  for (const each of all) await each.ask();
  return all;
}

async function stops(t: Test, cluster: ClusterProcess, all: readonly KeptConnection[]): Promise<void> {
  for (const each of all) each.end();
  cluster.signal('SIGTERM');
  await ends(t, cluster, CLEAN, { timeout: 20_000 });
  t.equal(cluster.stderr(), '');
}

/** Begins a reload, and resolves when the first worker drains. */
async function drains(cluster: ClusterProcess, workers = 1): Promise<void> {
  cluster.signal('SIGUSR2');
  await cluster.line('up', workers + 1);
  await sleep(700);
}

async function reloaded(cluster: ClusterProcess): Promise<ReloadReport> {
  return JSON.parse(await cluster.line('reloaded')) as ReloadReport;
}

/** Has a worker answer what it holds. */
function release(cluster: ClusterProcess, index: number): void {
  kill(pid(cluster, index), 'SIGUSR2');
}

const pid = (cluster: ClusterProcess, index: number): number => cluster.workers()[index] ?? 0;

t.test('idle connections of a replaced worker go to the next one, again and again', async (t) => {
  const cluster = await start(t);
  const all = await connections(t, cluster, 10);
  for (let nth = 1; nth <= 3; nth += 1) {
    t.match(await reload(cluster, nth), { replaced: 1, killed: 0, moved: 10 });
    // The second time, nobody has asked in between.
    if (nth === 2) continue;
    const answers = await Promise.all(all.map((each) => each.ask()));
    t.ok(answers.every((answer) => answer.pid === pid(cluster, nth)));
    t.notOk(answers.some(({ saysClose }) => saysClose));
  }
  t.notOk(all.some((each) => each.isClosed()));
  t.match((await retired(cluster)).worker.report, {
    clean: true,
    connections: { open: 10, moved: 10, idle: 0 },
  });
  await stops(t, cluster, all);
});

t.test('those of a worker that a signal sends away, too', async (t) => {
  const cluster = await start(t);
  const all = await connections(t, cluster, 5);
  kill(pid(cluster, 0), 'SIGTERM');
  t.match((await retired(cluster)).worker.report?.connections, { moved: 5, idle: 0 });
  for (const each of all) t.equal((await each.ask()).pid, pid(cluster, 1));
  await stops(t, cluster, all);
});

t.test('they are dealt to all workers that stay', async (t) => {
  const cluster = await start(t, { workers: 3 });
  const all = await connections(t, cluster, 12);
  await reload(cluster);
  const answers = await Promise.all(all.map((each) => each.ask()));
  t.same(new Set(answers.map((answer) => answer.pid)), new Set(cluster.workers().slice(3)));
  await stops(t, cluster, all);
});

t.test('not with handBack: false', async (t) => {
  const cluster = await start(t, { supervisor: { handBack: false } });
  const all = await connections(t, cluster, 3);
  t.match(await reload(cluster), { replaced: 1, moved: 0 });
  await Promise.all(all.map((each) => each.closed));
  await stops(t, cluster, all);
});

for (const touches of ['listener', 'property'] as const) {
  t.test(`not where the application keeps a ${touches} on the socket`, async (t) => {
    const cluster = await start(t, { touches });
    const all = await connections(t, cluster, 3);
    t.match(await reload(cluster), { replaced: 1, moved: 0 });
    await Promise.all(all.map((each) => each.closed));
    await stops(t, cluster, all);
  });
}

t.test('one that never had a request', async (t) => {
  const cluster = await start(t);
  const silent = await keep(cluster.port);
  const all = await connections(t, cluster, 1);
  t.equal((await reload(cluster)).moved, 2);
  t.equal((await silent.ask()).pid, pid(cluster, 1));
  await stops(t, cluster, [...all, silent]);
});

t.test('a busy one follows when its response is done, which does not say close', async (t) => {
  const cluster = await start(t);
  const all = await connections(t, cluster, 2);
  const slow = all.map((each) => each.ask('/hold'));
  await drains(cluster);
  release(cluster, 0);
  for (const each of slow) t.same(await each, { pid: pid(cluster, 0), saysClose: false });
  t.equal((await reloaded(cluster)).moved, 2);
  for (const each of all) t.equal((await each.ask()).pid, pid(cluster, 1));
  await stops(t, cluster, all);
});

t.test('half a request head is answered where it began, then the connection goes', async (t) => {
  const cluster = await start(t);
  const all = await connections(t, cluster, 1);
  const [half] = all;
  half?.write(get('/').slice(0, 20));
  await sleep(200);
  await drains(cluster);
  half?.write(get('/').slice(20));
  t.same(await half?.answer(), { pid: pid(cluster, 0), saysClose: false });
  t.equal((await reloaded(cluster)).moved, 1);
  t.equal((await half?.ask())?.pid, pid(cluster, 1));
  await stops(t, cluster, all);
});

t.test('pipelined requests are all answered by the worker that has read them', async (t) => {
  const cluster = await start(t);
  const all = await connections(t, cluster, 1);
  const [client] = all;
  client?.write(get('/hold') + get('/slow?ms=300') + get('/'));
  await drains(cluster);
  release(cluster, 0);
  for (let count = 0; count < 3; count += 1) {
    t.same(await client?.answer(), { pid: pid(cluster, 0), saysClose: false });
  }
  t.equal((await reloaded(cluster)).moved, 1);
  t.equal((await client?.ask())?.pid, pid(cluster, 1));
  await stops(t, cluster, all);
});

t.test('maxRequestsPerSocket: each worker counts its own, and a last response is a last one', async (t) => {
  const cluster = await start(t, { server: { maxRequestsPerSocket: 3 } });
  const all = await connections(t, cluster, 2);
  const [moved, last] = all;
  await last?.ask();
  const slow = last?.ask('/hold');
  await drains(cluster);
  release(cluster, 0);
  t.same(await slow, { pid: pid(cluster, 0), saysClose: true });
  await last?.closed;
  t.equal((await reloaded(cluster)).moved, 1);
  for (const saysClose of [false, false, true])
    t.same(await moved?.ask(), { pid: pid(cluster, 1), saysClose });
  await stops(t, cluster, all);
});

t.test('a moved connection ends at its keepAliveTimeout, without a word', async (t) => {
  const cluster = await start(t, { server: { keepAliveTimeout: 8_000 } });
  const all = await connections(t, cluster, 2);
  t.equal((await reload(cluster)).moved, 2);
  t.notOk(all.some((each) => each.isClosed()));
  await Promise.all(all.map((each) => each.closed));
  t.ok(all.every((each) => each.rest() === ''));
  await stops(t, cluster, all);
});

t.test('and gets no 408 after headersTimeout', async (t) => {
  const server = { headersTimeout: 1_500, requestTimeout: 1_500, connectionsCheckingInterval: 100 };
  const cluster = await start(t, { server });
  const all = await connections(t, cluster, 2);
  t.equal((await reload(cluster)).moved, 2);
  await sleep(4_000);
  t.ok(all.every((each) => !each.isClosed() && each.rest() === ''));
  for (const each of all) t.equal((await each.ask()).pid, pid(cluster, 1));
  await stops(t, cluster, all);
});

t.test('a shutdown in the middle: what is left is drained as always', async (t) => {
  const cluster = await start(t);
  const all = await connections(t, cluster, 6);
  const slow = all.slice(0, 2).map((each) => each.ask('/hold'));
  await drains(cluster);
  cluster.signal('SIGTERM');
  await sleep(100);
  release(cluster, 0);
  for (const each of slow) t.equal((await each).pid, pid(cluster, 0));
  await Promise.all(all.map((each) => each.closed));
  await ends(t, cluster, CLEAN, { timeout: 20_000 });
});

t.test('a worker killed while it gives connections back takes no more than what it still has', async (t) => {
  const cluster = await start(t, { workers: 2 });
  const all = await connections(t, cluster, 12);
  const owners = await Promise.all(all.map(async (each) => (await each.ask()).pid));
  const held = owners.filter((owner) => owner === pid(cluster, 0)).length;
  const slow = all.map((each) => each.ask('/hold').catch(() => undefined));
  await drains(cluster, 2);
  kill(pid(cluster, 0), 'SIGKILL');
  release(cluster, 1);
  const answers = await Promise.all(slow);
  t.notOk(answers.some((answer) => answer?.pid === pid(cluster, 0)));
  t.equal(answers.filter((answer) => answer === undefined).length, held);
  await cluster.line('reloaded');
  const open = all.filter((each) => !each.isClosed());
  t.equal(open.length, 12 - held);
  for (const each of open)
    t.ok(
      cluster
        .workers()
        .slice(2)
        .includes((await each.ask()).pid),
    );
  await stops(t, cluster, all);
});
