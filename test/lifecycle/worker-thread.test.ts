import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { ShutdownReport } from '@graceful-cluster/core';
import { ask, startChild, type Child } from '../helpers/child.ts';

t.jobs = 3;

const register = ['--import', import.meta.resolve('@graceful-cluster/core/register')];
const CLEAN = { code: 0, signal: null };

async function reportOf(child: Child): Promise<ShutdownReport> {
  return JSON.parse(await child.line('report')) as ShutdownReport;
}

/** Asks until something else than an answer comes; every second client keeps its connection. */
async function insist(port: number, index: number): Promise<unknown> {
  const agent = index % 2 === 0 ? undefined : new Agent({ keepAlive: true, maxSockets: 1 });
  for (;;) {
    const answer = await ask(port, '/', agent);
    if (typeof answer === 'string') return answer;
    if (answer.status !== 200) return answer.status;
  }
}

async function stopUnderLoad(t: Test, way: string, nodeOptions: readonly string[] = []): Promise<Child> {
  const child = await startChild(t, 'lifecycle/thread', { args: [way, '2'], nodeOptions });
  const ports = [child.port, Number(await child.line('ready', 2))];
  await sleep(200);
  const clients = ports.flatMap((port) => Array.from({ length: 16 }, (_, index) => insist(port, index)));
  await sleep(300);
  child.kill('SIGTERM');
  t.strictSame(new Set(await Promise.all(clients)), new Set(['ECONNREFUSED']));
  const { stderr, ...end } = await child.exited;
  t.match(end, CLEAN);
  // Where the main thread has its coordinator later than a thread waits for an answer, the thread has warned.
  if (way !== 'coordinator late') t.equal(stderr, '');
  t.strictSame(child.lines('thread exited with'), ['0', '0']);
  return child;
}

t.test('a coordinator in a worker thread alone says that it hears no signal', async (t) => {
  const child = await startChild(t, 'lifecycle/thread');
  await sleep(300);
  child.kill('SIGTERM');
  t.match((await child.exited).stderr, /WARN_GRACEFUL_WORKER_THREAD/);
});

for (const way of ['coordinator', 'coordinator late']) {
  t.test(`servers in two worker threads, in the main thread a ${way}: they lose nothing`, async (t) => {
    const { threads, requests, clean } = await reportOf(await stopUnderLoad(t, way));
    t.ok(clean);
    t.match(threads, [
      { thread: 1, outcome: 'drained', report: { clean: true } },
      { thread: 2, outcome: 'drained', report: { clean: true } },
    ]);
    t.ok(requests.inFlight >= 16, `${requests.inFlight} in flight`);
    t.equal(requests.inFlight + requests.arrived, requests.served + requests.cut + requests.gone);
  });
}

t.test('a delay that may end in silence does not take the traffic of threads for that', async (t) => {
  const child = await startChild(t, 'lifecycle/thread', { args: ['quiet', '1'] });
  await sleep(200);
  child.kill('SIGTERM');
  const { phases, clean } = await reportOf(child);
  t.ok(clean);
  t.ok(phases.delaying >= 1_499, `${phases.delaying}`);
  t.match(await child.exited, CLEAN);
});

t.test('servers in worker threads under --import lose nothing', async (t) => {
  await stopUnderLoad(t, 'import', register);
});

t.test('a thread that exits, or is terminated, is not waited for', async (t) => {
  const child = await startChild(t, 'lifecycle/thread', { args: ['coordinator', '3'] });
  await child.line('ready', 3);
  child.kill('SIGUSR2');
  await child.line('thread exited with', 2);
  const answers = child.lines('ready').map((port) => ask(Number(port), '/'));
  await child.line('request');
  child.kill('SIGTERM');
  t.match(await child.exited, CLEAN);
  const seen = (await Promise.all(answers)).map((answer) =>
    typeof answer === 'string' ? answer : answer.status,
  );
  t.strictSame(seen.map(String).toSorted(), ['200', 'ECONNREFUSED', 'ECONNREFUSED']);
  const { threads, duration } = await reportOf(child);
  t.match(threads, [{ thread: 3, outcome: 'drained' }]);
  t.comment(`${duration} ms`);
});

for (const way of ['drain', 'dispose']) {
  t.test(`a thread that another thread has made answers before that exits: ${way}`, async (t) => {
    const child = await startChild(t, 'lifecycle/thread-of-thread', { args: [way] });
    const answer = ask(child.port, '/');
    await child.line('request');
    child.kill('SIGTERM');
    t.match(await answer, { status: 200 });
    const { clean, threads } = await reportOf(child);
    t.ok(clean);
    t.strictSame(
      threads.map(({ outcome }) => outcome),
      ['drained', 'drained'],
    );
    t.match(await child.exited, CLEAN);
  });
}

t.test('a thread that another thread has terminated is not waited for', async (t) => {
  const child = await startChild(t, 'lifecycle/thread-of-thread', { args: ['terminate'] });
  await child.line('terminated');
  child.kill('SIGTERM');
  const { clean, threads } = await reportOf(child);
  t.ok(clean);
  // The signal may overtake what the maker says of it.
  t.notMatch(JSON.stringify(threads), 'killed');
  t.match(await child.exited, CLEAN);
});

t.test('a thread that cleans up when its loop is empty may end', async (t) => {
  const child = await startChild(t, 'lifecycle/thread', { args: ['flush'] });
  child.kill('SIGTERM');
  t.match(await child.exited, CLEAN);
  t.strictSame([child.lines('flushed'), child.lines('thread exited with')], [[''], ['0']]);
});

t.test('what a thread cuts is in the report', async (t) => {
  const child = await startChild(t, 'lifecycle/thread', { args: ['coordinator'] });
  const answer = ask(child.port, '/endless');
  await child.line('request');
  child.kill('SIGTERM');
  t.equal(await answer, 'ECONNRESET');
  t.match(await child.exited, { code: 1, signal: null, stderr: /GET \/endless/ });
  t.match(await reportOf(child), {
    clean: false,
    requests: { inFlight: 1, cut: 1 },
    connections: { cutTotal: 1 },
  });
});

t.test('a thread that stands still is cut at the deadline, and that is not clean', async (t) => {
  const child = await startChild(t, 'lifecycle/thread', { args: ['coordinator'] });
  void ask(child.port, '/block');
  await child.line('request');
  child.kill('SIGTERM');
  t.match(await child.exited, { code: 1, signal: null, stderr: /thread 1/ });
  t.match(await reportOf(child), { clean: false, threads: [{ thread: 1, outcome: 'killed', report: null }] });
});

t.test('one without signals is stopped by a message, as the page says', async (t) => {
  const child = await startChild(t, 'lifecycle/thread', { args: ['relay'] });
  const answer = fetch(`http://127.0.0.1:${child.port}/`);
  await child.line('request');
  child.kill('SIGTERM');
  t.equal((await answer).status, 200);
  const { stderr, ...end } = await child.exited;
  t.match(end, CLEAN);
  t.notMatch(stderr, /WARN_GRACEFUL_WORKER_THREAD/);
});
