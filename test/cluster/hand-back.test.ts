import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { freePort } from '../helpers/free-port.ts';
import { kill } from './cluster-process.ts';
import { get, keep, keepTls } from './kept-connection.ts';
import { connections, drains, pid, release, reload, reloaded, retired, start, stops } from './reloading.ts';

t.jobs = 4;

t.test('idle connections of a replaced worker go to the next one, again and again', async (t) => {
  const cluster = await start(t);
  const all = await connections(t, cluster, 10);
  for (let nth = 1; nth <= 3; nth += 1) {
    t.match(await reload(cluster, nth), { replaced: 1, killed: 0, moved: 10 });
    // No client asks before the second one.
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

t.test('those of two servers in one worker, at the same time', async (t) => {
  const second = await freePort();
  const cluster = await start(t, { env: { SECOND: String(second) } });
  const all = await connections(t, cluster, 20);
  const others = await connections(t, cluster, 20, () => keep(second));
  const { moved, duration } = await reload(cluster);
  t.equal(moved, 40, `in ${duration} ms`);
  for (const each of [...all, ...others]) t.equal((await each.ask()).pid, pid(cluster, 1));
  await stops(t, cluster, [...all, ...others]);
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

t.test('one that moves again has been idle since its request in between', async (t) => {
  // Longer than two reloads take on a busy machine.
  const keepAliveTimeout = 10_000;
  const cluster = await start(t, { server: { keepAliveTimeout } });
  const all = await connections(t, cluster, 2);
  t.equal((await reload(cluster)).moved, 2);
  await sleep(3_500);
  for (const each of all) await each.ask();
  const asked = performance.now();
  t.equal((await reload(cluster, 2)).moved, 2);
  await Promise.all(all.map((each) => each.closed));
  t.ok(
    performance.now() - asked > keepAliveTimeout,
    `closed ${performance.now() - asked} ms after its last request`,
  );
  await stops(t, cluster, all);
});

t.test('those of a Unix socket', async (t) => {
  const folder = t.testdir();
  const path = relative(process.cwd(), join(folder, 'socket'));
  const cluster = await start(t, { env: { SOCKET: path } });
  const all = await connections(t, cluster, 4, () => keep(path));
  t.equal((await reload(cluster)).moved, 4);
  for (const each of all) t.equal((await each.ask()).pid, pid(cluster, 1));
  await stops(t, cluster, all);
});

t.test('not those over TLS, which end as in any drain', async (t) => {
  const cluster = await start(t, { env: { TLS: '1' } });
  const all = await connections(t, cluster, 3, () => keepTls(cluster.port));
  const slow = all.slice(1).map((each) => each.ask('/hold'));
  await drains(cluster);
  release(cluster, 0);
  for (const each of slow) t.same(await each, { pid: pid(cluster, 0), saysClose: true });
  t.equal((await reloaded(cluster)).moved, 0);
  await Promise.all(all.map((each) => each.closed));
  await stops(t, cluster, all);
});

t.test('clients that send in that very moment: each request is served once', async (t) => {
  const cluster = await start(t, { workers: 2, env: { LOG: '1' } });
  const all = await connections(t, cluster, 30);
  let asked = all.length;
  let over = false;
  const clients = all.map(async (each) => {
    for (; !over; asked += 1) {
      await each.ask();
      await sleep(Math.random() * 5);
    }
  });
  let moved = 0;
  for (let nth = 1; nth <= 4; nth += 1) moved += (await reload(cluster, nth)).moved;
  over = true;
  await Promise.all(clients);
  t.notOk(all.some((each) => each.isClosed()));
  t.ok(moved > 60, `${moved} moved under ${asked} requests`);
  await stops(t, cluster, all);
  t.equal(cluster.lines('served').length, asked);
});
