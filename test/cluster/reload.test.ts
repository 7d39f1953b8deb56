import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { ReloadReport } from '@graceful-cluster/core';
import {
  ends,
  kill,
  oneInEach,
  request,
  startCluster,
  survivors,
  type ClusterProcess,
} from './cluster-process.ts';

const CLEAN = { code: 0, signal: null };

t.jobs = 4;

async function reload(cluster: ClusterProcess, nth = 1): Promise<ReloadReport> {
  cluster.signal('SIGUSR2');
  return JSON.parse(await cluster.line('reloaded', nth)) as ReloadReport;
}

async function whoAnswers(cluster: ClusterProcess): Promise<ReadonlySet<number>> {
  const pids = new Set<number>();
  for (let count = 0; count < 8; count += 1) pids.add(Number(await request(cluster.port).ended));
  return pids;
}

async function stops(t: Test, cluster: ClusterProcess): Promise<void> {
  cluster.signal('SIGTERM');
  await ends(t, cluster, CLEAN);
}

t.test('a reload whose new worker crashes changes nothing', async (t) => {
  const cluster = await startCluster(t, { env: { FAULTS: '{"3":"crashes on start"}' } });
  const old = new Set(cluster.workers());
  cluster.signal('SIGUSR2');
  t.match(
    await cluster.line('not reloaded'),
    /worker 3 \(pid \d+\) exited with code 3 before it was ready; the old workers stay/,
  );
  await sleep(300);
  t.same(await whoAnswers(cluster), old);
  t.equal(cluster.workers().length, 3, 'nor is it respawned');
  t.equal((await reload(cluster)).replaced, 2, 'the next one succeeds');
  t.same(await survivors([...old]), []);
  await stops(t, cluster);
});

t.test('nor does one whose new worker never gets ready', async (t) => {
  const env = { FAULTS: '{"3":"never gets ready"}', OPTIONS: '{"readyTimeout":700}' };
  const cluster = await startCluster(t, { env });
  const old = cluster.workers();
  cluster.signal('SIGUSR2');
  t.match(
    await cluster.line('not reloaded'),
    /worker 3 \(pid \d+\) was not ready after 700 ms; the old workers stay/,
  );
  t.same(await survivors(cluster.workers().slice(2)), []);
  t.same(await whoAnswers(cluster), new Set(old));
  await stops(t, cluster);
});

t.test('nor one whose worker never listens', async (t) => {
  const env = { FAULTS: '{"3":"never listens"}', OPTIONS: '{"readyTimeout":700}' };
  const cluster = await startCluster(t, { env });
  cluster.signal('SIGUSR2');
  t.match(await cluster.line('not reloaded'), /was not ready after 700 ms/);
  await stops(t, cluster);
});

t.test('a worker that called setReady(false) is ready when it calls setReady(true)', async (t) => {
  const cluster = await startCluster(t, { env: { FAULTS: '{"3":"gets ready late"}' } });
  const { replaced, duration } = await reload(cluster);
  t.equal(replaced, 2);
  t.ok(duration > 1_500, `${duration}`);
  await stops(t, cluster);
});

t.test('reloadConcurrency replaces several at a time', async (t) => {
  const env = { WORKERS: '4', FAULTS: '{"0":"gets ready late"}', OPTIONS: '{"reloadConcurrency":2}' };
  const cluster = await startCluster(t, { env });
  const reloaded = reload(cluster);
  await cluster.line('worker', 6);
  t.equal(cluster.workers().length, 6);
  t.equal((await reloaded).replaced, 4);
  t.same(await survivors(cluster.workers().slice(0, 4)), []);
  t.equal((await whoAnswers(cluster)).size, 4);
  await stops(t, cluster);
});

t.test('with reloadConcurrency, one failure stops all lanes', async (t) => {
  const env = {
    WORKERS: '4',
    FAULTS: '{"5":"crashes on start","6":"gets ready on SIGUSR2"}',
    OPTIONS: '{"reloadConcurrency":2}',
  };
  const cluster = await startCluster(t, { env });
  cluster.signal('SIGUSR2');
  await Promise.all([cluster.line('gone'), cluster.line('up', 5)]);
  kill(cluster.workers()[5] ?? 0, 'SIGUSR2');
  t.match(await cluster.line('not reloaded'), /worker 5 .* exited with code 3/);
  await sleep(300);
  t.equal(cluster.workers().length, 6, 'nothing more was forked');
  t.equal((await whoAnswers(cluster)).size, 4);
  await stops(t, cluster);
});

t.test(
  'a stop in the middle of a reload that a signal began is a stop, and nothing is said of the reload',
  async (t) => {
    const env = { OPTIONS: '{"reloadSignal":"SIGHUP"}', FAULTS: '{"3":"gets ready late"}' };
    const cluster = await startCluster(t, { env });
    cluster.signal('SIGHUP');
    await cluster.line('worker', 3);
    await stops(t, cluster);
    t.equal(cluster.stderr(), '');
  },
);

t.test('a reload that a signal began and that fails, without a reader of stderr: nothing ends', async (t) => {
  const env = { OPTIONS: '{"reloadSignal":"SIGHUP"}', FAULTS: '{"3":"crashes on start"}' };
  const cluster = await startCluster(t, { env });
  const old = cluster.workers();
  cluster.hangUp('stderr');
  cluster.signal('SIGHUP');
  await cluster.line('gone');
  await sleep(300);
  t.same(await whoAnswers(cluster), new Set(old));
  await stops(t, cluster);
});

t.test('reloadSignal, for a program that forks by itself too', async (t) => {
  const cluster = await startCluster(t, { env: { OPTIONS: '{"reloadSignal":"SIGHUP"}' } });
  const old = cluster.workers();
  cluster.signal('SIGHUP');
  await cluster.line('up', 4);
  t.same(await survivors(old, 4_000), []);
  t.same(await whoAnswers(cluster), new Set(cluster.workers().slice(2)));
  await stops(t, cluster);
});

t.test('a shutdown in the middle of a reload', async (t) => {
  const cluster = await startCluster(t, { env: { FAULTS: '{"3":"gets ready late"}' } });
  const inFlight = await oneInEach(cluster, 2, 600);
  cluster.signal('SIGUSR2');
  await cluster.line('worker', 3);
  await sleep(100);
  cluster.signal('SIGTERM');
  t.match(await cluster.line('not reloaded'), /a shutdown began/);
  for (const { ended } of inFlight) t.match(await ended, /^\d+$/);
  await ends(t, cluster, CLEAN);
});

t.test('a shutdown while an old worker drains', async (t) => {
  const cluster = await startCluster(t);
  const inFlight = await oneInEach(cluster, 2, 1_500);
  cluster.signal('SIGUSR2');
  await cluster.line('up', 3);
  await sleep(100);
  cluster.signal('SIGTERM');
  for (const { ended } of inFlight) t.match(await ended, /^\d+$/);
  await ends(t, cluster, CLEAN);
  t.equal((await cluster.report()).workers.length, 3);
});

t.test('a reload in the middle of a shutdown', async (t) => {
  const cluster = await startCluster(t);
  const inFlight = await oneInEach(cluster, 2, 600);
  cluster.signal('SIGTERM');
  await sleep(100);
  cluster.signal('SIGUSR2');
  t.match(await cluster.line('not reloaded'), /a shutdown began/);
  for (const { ended } of inFlight) t.match(await ended, /^\d+$/);
  await ends(t, cluster, CLEAN);
  t.equal(cluster.workers().length, 2);
});

t.test('a worker that gets a signal while a reload replaces it is replaced once', async (t) => {
  const cluster = await startCluster(t, { env: { FAULTS: '{"3":"gets ready late"}' } });
  const [first = 0] = cluster.workers();
  const reloaded = reload(cluster);
  await cluster.line('worker', 3);
  kill(first, 'SIGTERM');
  t.equal((await reloaded).replaced, 2);
  await sleep(500);
  t.equal(cluster.workers().length, 4);
  t.equal((await whoAnswers(cluster)).size, 2);
  await stops(t, cluster);
});

t.test('and so is one that a reload meets while its signal does', async (t) => {
  const cluster = await startCluster(t, { env: { FAULTS: '{"3":"gets ready late"}' } });
  kill(cluster.workers()[0] ?? 0, 'SIGTERM');
  await cluster.line('worker', 3);
  // The worker that was just started is replaced as well: it may be of the old code.
  t.equal((await reload(cluster)).replaced, 3);
  await sleep(500);
  t.equal(cluster.workers().length, 5);
  t.equal((await whoAnswers(cluster)).size, 2);
  await stops(t, cluster);
});
