import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { ends, kill, request, startCluster, survivors, type Request } from './cluster-process.ts';

t.jobs = 4;

async function connections(port: number, count: number): Promise<readonly Request[]> {
  const requests = Array.from({ length: count }, () => request(port));
  await Promise.all(requests.map(({ connected }) => connected));
  await sleep(100);
  return requests;
}

t.test('what a dead worker did not take, another one answers', async (t) => {
  const cluster = await startCluster(t);
  const [first = 0, second = 0] = cluster.workers();
  kill(first, 'SIGSTOP');
  const held = await connections(cluster.port, 8);
  kill(first, 'SIGKILL');
  const bodies = await Promise.all(held.map(({ ended }) => ended));
  const answered = bodies.map(Number).filter((pid) => pid === second || pid === cluster.workers()[2]);
  t.equal(answered.length, 8, bodies.join());
  cluster.signal('SIGTERM');
  await ends(t, cluster, { code: 0, signal: null });
});

t.test('where no worker is left to take it, it is closed at once', async (t) => {
  const cluster = await startCluster(t, { env: { WORKERS: '1' } });
  const [first = 0] = cluster.workers();
  kill(first, 'SIGSTOP');
  const held = await connections(cluster.port, 4);
  const start = performance.now();
  kill(first, 'SIGKILL');
  for (const { ended } of held) t.match(await ended, /^(ECONNRESET|empty)$/);
  t.ok(performance.now() - start < 4_000);
  await cluster.line('worker', 2);
  cluster.signal('SIGTERM');
  await ends(t, cluster, { code: 0, signal: null });
});

t.test('the same when the others have left in a shutdown', async (t) => {
  const cluster = await startCluster(t);
  const [first = 0, second = 0] = cluster.workers();
  kill(first, 'SIGSTOP');
  const held = await connections(cluster.port, 8);
  cluster.signal('SIGTERM');
  t.same(await survivors([second], 5_000), []);
  const start = performance.now();
  kill(first, 'SIGKILL');
  const bodies = await Promise.all(held.map(({ ended }) => ended));
  t.ok(performance.now() - start < 4_000);
  t.equal(bodies.filter((body) => Number(body) === second).length, 7, bodies.join());
  await ends(t, cluster, { code: 1, signal: null });
});

t.test('a stopped worker that goes on takes what it was given', async (t) => {
  const cluster = await startCluster(t);
  const [first = 0] = cluster.workers();
  kill(first, 'SIGSTOP');
  const held = await connections(cluster.port, 8);
  cluster.signal('SIGTERM');
  await sleep(600);
  kill(first, 'SIGCONT');
  const bodies = await Promise.all(held.map(({ ended }) => ended));
  t.ok(
    bodies.every((body) => cluster.workers().includes(Number(body))),
    bodies.join(),
  );
  t.ok(bodies.includes(String(first)));
  await ends(t, cluster, { code: 0, signal: null });
});
