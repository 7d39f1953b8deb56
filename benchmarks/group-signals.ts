// One signal to a whole process group, whose copies arrive in any order, 0 to 50 ms apart: is it one shutdown?
//   npm run soak:signals -- [--rounds 200] [--workers 4] [--node PATH]
// Fails on a worker that was replaced, a request that was lost, or an exit code that is not 0.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { countLost, startLoad } from '@graceful-cluster/probe';
import { startChild } from './helpers/child.ts';
import { sleep, within } from './helpers/clock.ts';
import { readCount } from './helpers/soak-options.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    workers: { type: 'string', default: '4' },
    node: { type: 'string', default: process.execPath },
  },
});
const rounds = readCount('rounds', values.rounds, 1);
const workers = readCount('workers', values.workers, 1);
const LOAD = { newConnection: 4, keepAlive: 4, slow: 1, slowPath: '/slow?ms=300' };
const LIMIT_MS = 60_000;
const BETWEEN_COPIES_MS = 50;

const program = fileURLToPath(new URL('../test/fixtures/cluster/server.js', import.meta.url));
let failed = 0;
for (let round = 1; round <= rounds; round += 1) {
  const fault = await stopOnce();
  if (fault !== undefined) {
    failed += 1;
    console.log(`round ${round}: ${fault}`);
  }
  if (round % 20 === 0 || round === rounds) console.log(`${round} rounds, ${failed} failed`);
}
process.exitCode = failed === 0 ? 0 : 1;

/** @returns what went wrong, if something did */
async function stopOnce(): Promise<string | undefined> {
  const cluster = startChild([values.node, program], { env: { PORT: '0', WORKERS: String(workers) } });
  try {
    const [, port] = await cluster.find(/listening on http:\/\/127\.0\.0\.1:(\d+)\n/, LIMIT_MS);
    const born = [...cluster.stdout().matchAll(/^worker (\d+)$/gm)].map(([, pid]) => Number(pid));
    const load = startLoad({ host: '127.0.0.1', port: Number(port) }, LOAD);
    await sleep(200);
    for (const pid of [cluster.pid, ...born].toSorted(() => Math.random() - 0.5)) {
      signal(pid);
      await sleep(Math.random() * BETWEEN_COPIES_MS);
    }
    const { code } = await within(cluster.exited, LIMIT_MS, 'the end');
    load.stop();
    await load.ended;
    const forked = [...cluster.stdout().matchAll(/^worker \d+$/gm)].length;
    const lost = countLost(load.counts);
    const ok = code === 0 && forked === workers && lost === 0;
    return ok ? undefined : `code ${code}, ${forked} workers were forked, ${lost} requests lost`;
  } finally {
    await cluster.end();
  }
}

function signal(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    // It is gone already: it had nothing to lose.
  }
}
