import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { countLost, startLoad } from '@graceful-cluster/probe';
import {
  kill,
  oneInEach,
  request,
  startCluster,
  survivors,
  type ClusterProcess,
  type Request,
} from './cluster-process.ts';

t.jobs = 4;

const supervised = 'test/fixtures/cluster/server';
const plain = 'test/fixtures/cluster/plain-primary';

async function allAnswered(t: Test, cluster: ClusterProcess, inFlight: readonly Request[]): Promise<void> {
  for (const { worker, ended } of inFlight) {
    t.equal(await ended, String(await worker), 'the worker that has a request answers it');
  }
  t.same(await survivors(cluster.workers(), 3_000), [], 'no process is left');
}

for (const program of [supervised, plain]) {
  for (const mode of ['rr', 'none']) {
    t.test(`${program}, ${mode}: workers outlive a killed primary until they have answered`, async (t) => {
      const cluster = await startCluster(t, { program, env: { MODE: mode, LOG: '1' } });
      const inFlight = await oneInEach(cluster, 2, 700);
      cluster.signal('SIGKILL');
      t.same(await cluster.exited, { code: null, signal: 'SIGKILL' });
      await allAnswered(t, cluster, inFlight);
      t.equal(await request(cluster.port).ended, 'ECONNREFUSED');
      t.equal(cluster.stderr(), '');
    });
  }

  t.test(`${program}: the same with a dead pipe for stdout`, async (t) => {
    const cluster = await startCluster(t, { program, env: { LOG: '1' } });
    const inFlight = await oneInEach(cluster, 2, 700);
    const soon = [request(cluster.port, '/slow?ms=100&tell'), request(cluster.port, '/slow?ms=105&tell')];
    await Promise.all(soon.map(({ worker }) => worker));
    cluster.signal('SIGKILL');
    cluster.hangUp();
    await allAnswered(t, cluster, inFlight);
    await allAnswered(t, cluster, soon);
  });

  t.test(`${program}: a primary killed in the middle of a shutdown`, async (t) => {
    const cluster = await startCluster(t, { program, env: { ON_SIGTERM: 'ignore' } });
    const inFlight = await oneInEach(cluster, 2, 700);
    cluster.signalGroup('SIGTERM');
    await sleep(100);
    cluster.signal('SIGKILL');
    await allAnswered(t, cluster, inFlight);
  });
}

t.test('a plain primary that dies of the signal', async (t) => {
  for (const name of ['signal', 'signalGroup'] as const) {
    const cluster = await startCluster(t, { program: plain });
    const inFlight = await oneInEach(cluster, 2, 500);
    cluster[name]('SIGTERM');
    t.same(await cluster.exited, { code: null, signal: 'SIGTERM' });
    await allAnswered(t, cluster, inFlight);
    t.equal(cluster.stderr(), '');
  }
});

t.test('a supervisor that listens to no signals, and dies of one', async (t) => {
  const cluster = await startCluster(t, { env: { OPTIONS: '{"signals":[]}' } });
  const inFlight = await oneInEach(cluster, 2, 500);
  cluster.signalGroup('SIGTERM');
  t.same(await cluster.exited, { code: null, signal: 'SIGTERM' });
  await allAnswered(t, cluster, inFlight);
  t.equal(cluster.stderr(), '');
});

t.test('a plain primary that disconnects its workers', async (t) => {
  const cluster = await startCluster(t, { program: plain, env: { ON_SIGTERM: 'disconnect' } });
  const inFlight = await oneInEach(cluster, 2, 500);
  cluster.signal('SIGTERM');
  await allAnswered(t, cluster, inFlight);
  t.same(await cluster.exited, { code: 0, signal: null });
  for (const pid of cluster.workers()) t.equal(await cluster.line(`left ${pid}`), '0 null');
});

t.test('a plain primary that signals its workers, or whose workers are signalled', async (t) => {
  const cluster = await startCluster(t, { program: plain, env: { ON_SIGTERM: 'ignore' } });
  const [first = 0, second = 0] = cluster.workers();
  const inFlight = await oneInEach(cluster, 2, 500);
  kill(first, 'SIGTERM');
  t.equal(await cluster.line(`left ${first}`), '0 null', 'one leaves alone');
  for (let count = 0; count < 4; count += 1) t.equal(await request(cluster.port).ended, String(second));
  const last = request(cluster.port, '/?ms=300');
  await last.connected;
  await sleep(50);
  cluster.signalGroup('SIGTERM');
  t.equal(await last.ended, String(second));
  await allAnswered(t, cluster, inFlight);
  t.same(await cluster.exited, { code: 0, signal: null });
  t.equal(await cluster.line(`left ${second}`), '0 null');
});

t.test('a worker that leaves does not leave those behind whom its primary is handing over', async (t) => {
  for (let round = 0; round < 3; round += 1) {
    const cluster = await startCluster(t, { program: plain, env: { ON_SIGTERM: 'ignore', BUSY: '150' } });
    const [first = 0, second = 0] = cluster.workers();
    const load = startLoad(
      { host: '127.0.0.1', port: cluster.port },
      { newConnection: 16, keepAlive: 0, slow: 0 },
    );
    await sleep(500);
    kill(first, 'SIGTERM');
    t.equal(await cluster.line(`left ${first}`), '0 null');
    await sleep(500);
    load.stop();
    await load.ended;
    const { counts, lost } = load.result();
    t.equal(countLost(counts), 0, JSON.stringify(lost.slice(0, 3)));
    t.ok(counts.answered > 0);
    kill(second, 'SIGTERM');
    t.same(await survivors([first, second], 3_000), []);
  }
});
