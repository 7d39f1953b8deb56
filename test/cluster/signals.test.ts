import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { ends, kill, oneInEach, request, startCluster, type ClusterProcess } from './cluster-process.ts';

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
  'one worker': (cluster) => kill(worker(cluster, 0), 'SIGTERM'),
  'all workers': (cluster) => cluster.workers().forEach((pid) => kill(pid, 'SIGTERM')),
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
