import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { ends, kill, oneInEach, request, startCluster, survivors } from './cluster-process.ts';

const CLEAN = { code: 0, signal: null };
const GIVEN_UP = { code: 1, signal: null };

/** Time for the crashes, which come before the end begins. */
const LONG = { timeout: 30_000 };

t.jobs = 4;

t.test('a dead worker is replaced', async (t) => {
  const cluster = await startCluster(t);
  const [first = 0, second = 0] = cluster.workers();
  kill(first, 'SIGKILL');
  const third = Number(await cluster.line('worker', 3));
  await cluster.line('up', 3);
  const bodies = new Set<number>();
  for (let count = 0; count < 6; count += 1) bodies.add(Number(await request(cluster.port).ended));
  t.same(bodies, new Set([second, third]));
  cluster.signal('SIGTERM');
  await ends(t, cluster, CLEAN);
  t.equal(cluster.workers().length, 3);
  t.equal((await cluster.report()).workers.length, 2);
});

t.test('workers that keep crashing end the cluster with code 1', async (t) => {
  const env = { FAULTS: '{"0":"crashes on start"}', OPTIONS: '{"crashLimit":4}' };
  const cluster = await startCluster(t, { env, until: 'worker' });
  await ends(t, cluster, GIVEN_UP, LONG);
  t.match(cluster.stderr(), /4 workers in a row died as soon as they were started, the last with code 3/);
  t.equal((await cluster.report()).reason, 'crash loop');
});

t.test('one worker that keeps crashing takes the others down gracefully', async (t) => {
  const faults = Object.fromEntries([3, 4, 5, 6].map((id) => [id, 'crashes on start']));
  const env = { FAULTS: JSON.stringify(faults), OPTIONS: '{"crashLimit":3}' };
  const cluster = await startCluster(t, { env });
  const inFlight = await oneInEach(cluster, 2, 1_500);
  kill(cluster.workers()[0] ?? 0, 'SIGKILL');
  const bodies = await Promise.all(inFlight.map(({ ended }) => ended));
  t.ok(bodies.includes(String(cluster.workers()[1])), bodies.join());
  await ends(t, cluster, GIVEN_UP, LONG);
});

t.test('a program that respawns by itself', async (t) => {
  const env = { FORKS: 'program' };

  t.test('goes on doing so', async (t) => {
    const cluster = await startCluster(t, { env });
    kill(cluster.workers()[0] ?? 0, 'SIGKILL');
    await cluster.line('up', 3);
    cluster.signal('SIGTERM');
    await ends(t, cluster, CLEAN);
  });

  for (const name of ['signal', 'signalGroup'] as const) {
    t.test(`does not bring the cluster back: ${name}`, async (t) => {
      const cluster = await startCluster(t, { env });
      const inFlight = await oneInEach(cluster, 2, 1_000);
      const quick = request(cluster.port, '/slow?ms=50');
      await quick.ended;
      cluster[name]('SIGTERM');
      await sleep(300);
      t.equal(await request(cluster.port).ended, 'ECONNREFUSED');
      const bodies = await Promise.all(inFlight.map(({ ended }) => ended));
      t.equal(new Set(bodies.map(Number)).size, 2);
      await ends(t, cluster, CLEAN);
      t.ok(cluster.workers().length <= 6, `${cluster.workers().length} workers in all`);
      t.equal((await cluster.report()).workers.length, 2);
    });
  }

  t.test('and what it forks then ends with a primary that is killed', async (t) => {
    const cluster = await startCluster(t, { env });
    await oneInEach(cluster, 1, 1_000);
    cluster.signal('SIGTERM');
    await cluster.line('worker', 3);
    cluster.signal('SIGKILL');
    t.same(await survivors(cluster.workers(), 3_000), []);
  });
});
