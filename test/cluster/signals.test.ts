import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { Retired } from '@graceful-cluster/core';
import { countLost, startLoad } from '@graceful-cluster/probe';
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

/** A busy machine may take seconds to start a worker. */
const PATIENT = { timeout: 30_000 };

t.jobs = 4;

const worker = (cluster: ClusterProcess, index: number): number => cluster.workers()[index] ?? 0;

const ways: Readonly<Record<string, (cluster: ClusterProcess) => unknown>> = {
  'the primary': (cluster) => cluster.signal('SIGTERM'),
  'the primary, SIGINT': (cluster) => cluster.signal('SIGINT'),
  'the group': (cluster) => cluster.signalGroup('SIGTERM'),
  'the group, SIGINT': (cluster) => cluster.signalGroup('SIGINT'),
  'the workers, then the primary': async (cluster) => {
    for (const pid of cluster.workers()) {
      kill(pid, 'SIGTERM');
      await sleep(20);
    }
    cluster.signal('SIGTERM');
  },
  'the primary, then the workers': async (cluster) => {
    cluster.signal('SIGTERM');
    for (const pid of cluster.workers()) {
      await sleep(20);
      kill(pid, 'SIGTERM');
    }
  },
  'a worker, the primary, the other worker': async (cluster) => {
    kill(worker(cluster, 1), 'SIGTERM');
    cluster.signal('SIGTERM');
    await sleep(50);
    kill(worker(cluster, 0), 'SIGTERM');
  },
  'all of the group, in any order, with 0 to 50 ms between the copies': async (cluster) => {
    const pids = [cluster.pid, ...cluster.workers()];
    for (const pid of pids.toSorted(() => Math.random() - 0.5)) {
      await sleep(Math.random() * 50);
      kill(pid, 'SIGTERM');
    }
  },
  'the primary twice': async (cluster) => {
    cluster.signal('SIGTERM');
    await sleep(100);
    cluster.signal('SIGTERM');
  },
  'the group twice': async (cluster) => {
    cluster.signalGroup('SIGTERM');
    await sleep(100);
    cluster.signalGroup('SIGTERM');
  },
};

for (const [name, send] of Object.entries(ways)) {
  t.test(`a signal to ${name} stops the cluster, and all is answered`, async (t) => {
    const cluster = await startCluster(t);
    const inFlight = await oneInEach(cluster, 2, 1_000);
    await send(cluster);
    const bodies = await Promise.all(inFlight.map(({ ended }) => ended));
    t.same(new Set(bodies.map(Number)), new Set(cluster.workers()), 'each worker answers its own');
    t.equal(await request(cluster.port).ended, 'ECONNREFUSED');
    await ends(t, cluster, CLEAN);
    const report = await cluster.report();
    t.ok(report.clean);
    t.same(
      report.workers.map(({ pid, outcome, code }) => ({ pid, outcome, code })),
      cluster.workers().map((pid) => ({ pid, outcome: 'drained', code: 0 })),
    );
    t.equal(report.requests.served, 2);
    t.equal(cluster.stderr(), '');
  });
}

for (const name of ['signal', 'signalGroup'] as const) {
  t.test(`a second ${name} after a while forces the exit`, async (t) => {
    const cluster = await startCluster(t, { env: { OPTIONS: '{"secondSignalDelay":200}' } });
    const inFlight = await oneInEach(cluster, 2, 8_000);
    cluster[name]('SIGTERM');
    await sleep(1_500);
    cluster[name]('SIGTERM');
    await ends(t, cluster, { code: 143, signal: null });
    for (const { ended } of inFlight) t.match(await ended, /^(empty|ECONNRESET)$/);
  });
}

for (const name of ['signal', 'signalGroup'] as const) {
  t.test(`a ${name} while the workers are starting`, async (t) => {
    for (const delay of [0, 100]) {
      const cluster = await startCluster(t, { until: 'worker', env: { OPTIONS: JSON.stringify(PATIENT) } });
      await sleep(delay);
      cluster[name]('SIGTERM');
      await ends(t, cluster, CLEAN, PATIENT);
    }
  });
}

/** What a supervisor that keeps two workers says of one that left. */
async function replacedBy(cluster: ClusterProcess, nth = 1): Promise<Retired> {
  return JSON.parse(await cluster.line('retired', nth)) as Retired;
}

const orders: Readonly<Record<string, (cluster: ClusterProcess) => void>> = {
  'from outside': (cluster) => kill(worker(cluster, 0), 'SIGTERM'),
  'SIGINT from outside': (cluster) => kill(worker(cluster, 0), 'SIGINT'),
  'twice from outside': (cluster) => {
    kill(worker(cluster, 0), 'SIGTERM');
    kill(worker(cluster, 0), 'SIGTERM');
  },
  'by the primary': (cluster) => cluster.signal('SIGHUP'),
};

for (const [name, send] of Object.entries(orders)) {
  t.test(`a signal to one worker, ${name}: it drains, it is replaced, the service goes on`, async (t) => {
    const cluster = await startCluster(t);
    const inFlight = await oneInEach(cluster, 2, 1_000);
    send(cluster);
    const { reason, worker: left } = await replacedBy(cluster);
    t.match(reason, /^SIG(TERM|INT)$/);
    t.match(left, { id: 1, pid: worker(cluster, 0), outcome: 'drained', code: 0, report: { clean: true } });
    for (const { worker, ended } of inFlight) t.equal(await ended, String(await worker));
    t.same(await survivors([worker(cluster, 0)]), []);
    t.equal(cluster.workers().length, 3);
    const answers = await Promise.all(Array.from({ length: 8 }, () => request(cluster.port).ended));
    t.same(new Set(answers.map(Number)), new Set(cluster.workers().slice(1)));
    cluster.signalGroup('SIGTERM');
    await ends(t, cluster, CLEAN);
    t.equal((await cluster.report()).workers.length, 2);
    t.equal(cluster.stderr(), '');
  });
}

t.test('a signal to all workers, and not to the primary, replaces them: nobody is refused', async (t) => {
  const cluster = await startCluster(t);
  const load = startLoad(
    { host: '127.0.0.1', port: cluster.port },
    { newConnection: 4, keepAlive: 4, slow: 0 },
  );
  const inFlight = await oneInEach(cluster, 2, 600);
  cluster.workers().forEach((pid) => kill(pid, 'SIGTERM'));
  await replacedBy(cluster, 2);
  for (const { ended } of inFlight) t.match(await ended, /^\d+$/);
  load.stop();
  await load.ended;
  t.equal(countLost(load.counts), 0, JSON.stringify(load.result().lost));
  t.equal(load.counts.refused, 0);
  t.equal(cluster.workers().length, 4);
  cluster.signal('SIGTERM');
  await ends(t, cluster, CLEAN);
});

t.test('a worker that is ordered to leave is replaced even if it is the only one', async (t) => {
  const cluster = await startCluster(t, { env: { WORKERS: '1', FAULTS: '{"2":"gets ready late"}' } });
  kill(worker(cluster, 0), 'SIGTERM');
  await cluster.line('worker', 2);
  t.equal(await request(cluster.port).ended, String(worker(cluster, 0)), 'until the new one is ready');
  await replacedBy(cluster);
  t.equal(await request(cluster.port).ended, String(worker(cluster, 1)));
  cluster.signal('SIGTERM');
  await ends(t, cluster, CLEAN);
});

t.test('a second signal to one worker, after a while, ends that worker', async (t) => {
  const cluster = await startCluster(t, { env: { OPTIONS: JSON.stringify(PATIENT) } });
  const inFlight = await oneInEach(cluster, 2, 60_000);
  kill(worker(cluster, 0), 'SIGTERM');
  await cluster.line('up', 3);
  await sleep(1_300);
  kill(worker(cluster, 0), 'SIGTERM');
  t.match(await replacedBy(cluster), { worker: { id: 1, outcome: 'killed', signal: 'SIGKILL' } });
  for (const { socket } of inFlight) socket.destroy();
  cluster.signal('SIGTERM');
  await ends(t, cluster, CLEAN);
});

t.test('a shutdown while one worker leaves', async (t) => {
  const cluster = await startCluster(t);
  const inFlight = await oneInEach(cluster, 2, 1_500);
  kill(worker(cluster, 0), 'SIGTERM');
  await cluster.line('up', 3);
  cluster.signal('SIGTERM');
  for (const { worker, ended } of inFlight) t.equal(await ended, String(await worker));
  await ends(t, cluster, CLEAN);
});
