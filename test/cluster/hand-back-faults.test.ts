import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { ends, kill, request, survivors } from './cluster-process.ts';
import {
  CLEAN,
  connections,
  drains,
  pid,
  release,
  reload,
  reloaded,
  retired,
  start,
  stops,
} from './reloading.ts';

t.jobs = 4;

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

t.test('a scheduler that is full takes none back: they end as in any drain', async (t) => {
  const cluster = await start(t);
  const all = await connections(t, cluster, 3);
  const slow = all.slice(1).map((each) => each.ask('/hold'));
  await drains(cluster);
  // The first has moved by now.
  kill(pid(cluster, 1), 'SIGSTOP');
  const queue = Array.from({ length: 540 }, () => request(cluster.port));
  await Promise.all(queue.map(({ connected }) => connected));
  await sleep(500);
  release(cluster, 0);
  for (const each of slow) t.same(await each, { pid: pid(cluster, 0), saysClose: false });
  await Promise.all(all.slice(1).map((each) => each.closed));
  t.match((await retired(cluster)).worker.report, { clean: true, connections: { moved: 1, idle: 2 } });
  kill(pid(cluster, 1), 'SIGCONT');
  for (const { ended } of queue) if ((await ended) !== String(pid(cluster, 1))) t.fail(await ended);
  t.equal((await all[0]?.ask())?.pid, pid(cluster, 1));
  await stops(t, cluster, all);
});

t.test(
  'a primary without a descriptor cannot receive them: they stay, and end as in any drain',
  async (t) => {
    const cluster = await start(t, { descriptors: 100 });
    const all = await connections(t, cluster, 3);
    const slow = all.map((each) => each.ask('/hold'));
    await drains(cluster);
    cluster.signal('SIGWINCH');
    await cluster.line('descriptors', 1);
    release(cluster, 0);
    for (const each of slow) t.same(await each, { pid: pid(cluster, 0), saysClose: false });
    await Promise.all(all.map((each) => each.closed));
    t.match((await retired(cluster)).worker.report, { clean: true, connections: { moved: 0, idle: 3 } });
    cluster.signal('SIGWINCH');
    await cluster.line('descriptors', 2);
    await reloaded(cluster);
    const next = await connections(t, cluster, 3);
    t.equal((await reload(cluster, 2)).moved, 3, 'the next reload moves them');
    await stops(t, cluster, next);
  },
);

t.test('a primary that is stopped for a while: only what was sent to it is dealt', async (t) => {
  const cluster = await start(t, { supervisor: { timeout: 8_000 } });
  const all = await connections(t, cluster, 6);
  const slow = all.map((each) => each.ask('/hold'));
  await drains(cluster);
  cluster.signal('SIGSTOP');
  release(cluster, 0);
  for (const each of slow) t.same(await each, { pid: pid(cluster, 0), saysClose: false });
  t.same(await survivors([pid(cluster, 0)], 8_000), [], 'the worker does not wait for ever');
  cluster.signal('SIGCONT');
  const { killed } = await reloaded(cluster);
  t.equal(killed, 0);
  const open = all.filter((each) => !each.isClosed());
  t.equal(open.length, 1);
  t.equal((await open[0]?.ask())?.pid, pid(cluster, 1));
  await stops(t, cluster, all);
});

t.test('a primary that dies with one on its way: the others end as in any drain', async (t) => {
  const cluster = await start(t);
  const all = await connections(t, cluster, 6);
  const slow = all.map((each) => each.ask('/hold'));
  await drains(cluster);
  cluster.signal('SIGSTOP');
  release(cluster, 0);
  for (const each of slow) t.same(await each, { pid: pid(cluster, 0), saysClose: false });
  await sleep(200);
  cluster.signal('SIGKILL');
  await Promise.all(all.map((each) => each.closed));
  t.ok(all.every((each) => each.rest() === ''));
  t.same(await survivors(cluster.workers(), 8_000), []);
});
