// Replaces all workers of a cluster again and again under load. Fails on the first request that fails or is refused.
// Beside it, clients post on kept connections; under round robin a reload closes none of these.
//   npm run soak:reload -- [--reloads 50] [--kept 40] [--cluster round-robin|shared|reuse-port] [--workers 4] [--node PATH]
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { countLost, startLoad } from '@graceful-cluster/probe';
import { formatCount, formatTime, median } from '@graceful-cluster/probe/format';
import { startChild, type Child } from './helpers/child.ts';
import { startKeptClients } from './helpers/kept-clients.ts';
import { now, sleep, within } from './helpers/clock.ts';
import { modes, readCount, readOne, type Mode } from './helpers/soak-options.ts';

interface Reloaded {
  readonly replaced: number;
  readonly killed: number;
  readonly moved: number;
  readonly duration: number;
}

const { values } = parseArgs({
  options: {
    reloads: { type: 'string', default: '50' },
    cluster: { type: 'string', default: 'round-robin' },
    kept: { type: 'string', default: '40' },
    workers: { type: 'string', default: '4' },
    node: { type: 'string', default: process.execPath },
  },
});
const reloads = readCount('reloads', values.reloads, 1);
const kept = readCount('kept', values.kept, 0);
const workers = readCount('workers', values.workers, 1);
const mode = readOne('cluster', values.cluster, Object.keys(modes) as Mode[]);
const LOAD = { newConnection: 4, keepAlive: 32, slow: 2, slowPath: '/slow?ms=300' };
const LIMIT = 60_000;

const program = fileURLToPath(new URL('../test/fixtures/cluster/server.js', import.meta.url));
const env = {
  PORT: '0',
  MODE: modes[mode],
  WORKERS: String(workers),
  OPTIONS: process.env['OPTIONS'] ?? '{}',
};
const cluster = startChild([values.node, program], { env });
try {
  process.exitCode = (await soak(cluster)) ? 0 : 1;
} finally {
  await cluster.end();
}

/** @returns whether nothing at all went wrong */
async function soak(cluster: Child): Promise<boolean> {
  const [, port] = await cluster.find(/listening on http:\/\/127\.0\.0\.1:(\d+)\n/, LIMIT);
  const load = startLoad({ host: '127.0.0.1', port: Number(port) }, LOAD);
  const keptClients = startKeptClients(Number(port), kept);
  const first = pids(cluster);
  const done: Reloaded[] = [];
  const start = now();
  try {
    while (done.length < reloads) {
      process.kill(cluster.pid, 'SIGUSR2');
      done.push(await within(reloaded(cluster, done.length), LIMIT, 'a reload'));
      const nth = done.length;
      if (nth % 10 === 0 || nth === reloads) {
        const { answered, refused } = load.counts;
        const counts = `${formatCount(answered)} answered, ${refused} refused, ${countLost(load.counts)} lost`;
        console.log(`${nth} reloads, ${((now() - start) / 1_000).toFixed(0)} s: ${counts}`);
      }
    }
  } finally {
    keptClients.stop();
    load.stop();
    await load.ended;
  }
  const { counts, lost, clientErrors } = load.result();
  for (const each of lost) console.log(`  ${JSON.stringify(each)}`);
  const born = pids(cluster);
  const old = born.slice(0, -workers).filter(isAlive);
  const replaced = done.reduce((sum, each) => sum + each.replaced, 0);
  const killed = done.reduce((sum, each) => sum + each.killed, 0);
  const moved = done.reduce((sum, each) => sum + each.moved, 0);
  const { seen } = keptClients;
  console.log(
    [
      `kept connections: ${formatCount(seen.answered)} answered, ${seen.closed} closed, ${seen.lost} lost; ${formatCount(moved)} moves`,
      `${mode}: ${reloads} reloads of ${workers} workers, ${replaced} replaced, ${killed} of them killed;`,
      `one reload takes ${formatTime(median(done.map(({ duration }) => duration)) ?? 0)} (median)`,
      `${formatCount(counts.answered)} answered, ${counts.refused} refused, ${countLost(counts)} lost,`,
      `failed on the client's side: ${JSON.stringify(clientErrors)}`,
      `old workers that are still there: ${old.length}; of the first ${first.filter(isAlive).length}`,
    ].join('\n'),
  );
  process.kill(cluster.pid, 'SIGTERM');
  const { code } = await cluster.exited;
  console.log(`stopped with code ${code}`);
  // Elsewhere than under round robin nobody deals them again: they are closed while idle.
  const closed = mode === 'round-robin' ? seen.closed : 0;
  const failures = [closed, seen.lost, countLost(counts), counts.refused, old.length, killed, code ?? 1];
  return replaced === reloads * workers && failures.every((failure) => failure === 0);
}

/** What the cluster says of its next reload. */
async function reloaded(cluster: Child, before: number): Promise<Reloaded> {
  for (;;) {
    const failure = /^not reloaded .*$/m.exec(cluster.stdout());
    if (failure !== null) throw new Error(failure[0]);
    const line = [...cluster.stdout().matchAll(/^reloaded (.*)$/gm)][before];
    if (line !== undefined) return JSON.parse(line[1] ?? '') as Reloaded;
    await sleep(20);
  }
}

function pids(cluster: Child): readonly number[] {
  return [...cluster.stdout().matchAll(/^worker (\d+)$/gm)].map(([, pid]) => Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
