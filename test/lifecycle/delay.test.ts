import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { startCluster } from '../cluster/cluster-process.ts';
import { ask } from '../helpers/child.ts';
import { answered, reportOf, startServer } from './held-request.ts';

t.jobs = 2;

t.test('during shutdownDelay traffic is served, with Connection: close', async (t) => {
  const child = await startServer(t, {
    options: { shutdownDelay: 1_500, timeout: 15_000, cleanupTimeout: 500 },
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.teardown(() => agent.destroy());
  t.strictSame(await ask(child.port, '/', agent), {
    status: 200,
    connection: 'keep-alive',
    body: '{"ready":true}',
  });
  child.kill('SIGTERM');
  await child.line('state delaying');
  const served = { status: 200, connection: 'close', body: '{"ready":false}' };
  t.strictSame(await ask(child.port, '/', agent), served, 'on a connection from before');
  t.strictSame(await ask(child.port, '/'), served, 'on a new one');
  const answer = ask(child.port, '/hold');
  await child.line('request /hold');
  t.equal(child.lines('state').at(-1), 'delaying', 'all that before the listeners close');

  await child.line('state draining');
  t.equal(await ask(child.port, '/'), 'ECONNREFUSED', 'then new clients are refused');
  child.kill('SIGUSR2');
  t.strictSame(await answer, answered);
  const { code, signal } = await child.exited;
  t.strictSame([code, signal], [0, null]);
  t.ok(reportOf(child).phases.delaying >= 1_490, 'it lasted as long as it was told');
});

/** Begins a connection for each request, and resolves with how many were answered until one was refused. */
async function askUntilRefused(port: number): Promise<number> {
  for (let answers = 0; ; answers += 1) {
    const answer = await ask(port, '/');
    if (answer === 'ECONNREFUSED') return answers;
    if (typeof answer === 'string' || answer.status !== 200) throw new Error(JSON.stringify(answer));
    await sleep(50);
  }
}

t.test('{ min, max, quiet } ends when no new connection comes', async (t) => {
  const child = await startServer(t, {
    options: { shutdownDelay: { min: 500, max: 25_000, quiet: 300 }, timeout: 40_000 },
  });
  child.kill('SIGTERM');
  const { code, signal } = await child.exited;
  t.strictSame([code, signal], [0, null]);
  const { delaying } = reportOf(child).phases;
  t.ok(delaying >= 490 && delaying < 10_000, `after ${delaying.toFixed(0)} ms`);
});

t.test('silence ends no delay before min, which is 5 s unless told', async (t) => {
  const child = await startServer(t, {
    options: { shutdownDelay: { max: 25_000, quiet: 300 }, timeout: 40_000 },
  });
  child.kill('SIGTERM');
  const { code, signal } = await child.exited;
  t.strictSame([code, signal], [0, null]);
  const { delaying } = reportOf(child).phases;
  t.ok(delaying >= 4_990 && delaying < 15_000, `after ${delaying.toFixed(0)} ms`);
});

t.test('{ min, max, quiet } lasts no longer than max', async (t) => {
  const child = await startServer(t, {
    options: { shutdownDelay: { min: 0, max: 2_500, quiet: 1_200 }, timeout: 20_000 },
  });
  child.kill('SIGTERM');
  await child.line('state delaying');
  const answers = await askUntilRefused(child.port);
  t.ok(answers > 3, `${answers} new connections were served`);
  const { code, signal } = await child.exited;
  t.strictSame([code, signal], [0, null]);
  t.ok(reportOf(child).phases.delaying >= 2_490, 'and so it was not quiet');
});

for (const MODE of ['rr', 'none']) {
  t.test(`in a cluster (${MODE}), connections that workers get end the silence`, async (t) => {
    const OPTIONS = JSON.stringify({
      shutdownDelay: { min: 200, max: 2_500, quiet: 600 },
      timeout: 20_000,
    });
    const cluster = await startCluster(t, { env: { MODE, OPTIONS } });
    cluster.signal('SIGTERM');
    const answers = await askUntilRefused(cluster.port);
    t.ok(answers > 3, `${answers} new connections were served`);
    t.strictSame(await cluster.exited, { code: 0, signal: null });
    t.ok((await cluster.report()).phases.delaying >= 2_490, 'and so it was not quiet');
  });
}

t.test('in a cluster without traffic, silence ends the delay', async (t) => {
  const OPTIONS = JSON.stringify({ shutdownDelay: { min: 500, max: 25_000, quiet: 300 }, timeout: 40_000 });
  const cluster = await startCluster(t, { env: { OPTIONS } });
  cluster.signal('SIGTERM');
  t.strictSame(await cluster.exited, { code: 0, signal: null });
  const { delaying } = (await cluster.report()).phases;
  t.ok(delaying >= 490 && delaying < 10_000, `after ${delaying.toFixed(0)} ms`);
});

t.test('a signal during the delay, and a second one that forces', async (t) => {
  const child = await startServer(t, {
    options: { shutdownDelay: 20_000, timeout: 30_000, secondSignalDelay: 0 },
  });
  child.kill('SIGINT');
  await child.line('state delaying');
  child.kill('SIGINT');
  const { code, signal } = await child.exited;
  t.strictSame([code, signal], [130, null]);
});
