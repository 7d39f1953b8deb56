// How long after the signal is a client refused, and how long is the port taken?
//   npm run bench -- refusal [--runs 50] [--quick] [--node PATH]
import { countLost, startLoad } from '@graceful-cluster/probe';
import { request, tryConnect, tryListen } from './helpers/client.ts';
import { now, sleep, within } from './helpers/clock.ts';
import { printHeader, printLoad } from './helpers/machine.ts';
import { formatNumber, formatRatio, formatTime, median, percentile } from './helpers/numbers.ts';
import { readOptions } from './helpers/options.ts';
import { kinds, startServer, type Kind, type Server } from './helpers/server.ts';
import { printProgress, printTable } from './helpers/table.ts';
import { printRow } from './helpers/targets.ts';

type Situation = 'idle' | 'under load';

/** Milliseconds after the signal. */
interface Run {
  readonly refused: number;
  readonly free: number;
  /** What the attempt that was refused took: the error of `refused`. */
  readonly step: number;
  readonly lost: number;
}

const CLIENTS = 64;
const LIMIT_MS = 20_000;

const { runs, node } = readOptions({ runs: [50, 5] });
printHeader(
  'refusal: from the signal to the first client refused, and to the port free for a successor',
  node,
);

const results: Record<Situation, Record<Kind, Run[]>> = {
  idle: { plain: [], graceful: [] },
  'under load': { plain: [], graceful: [] },
};
for (let run = 0; run < runs; run += 1) {
  printProgress(`run ${run + 1} of ${runs}`);
  for (const kind of run % 2 === 0 ? kinds : kinds.toReversed()) {
    results.idle[kind].push(await measure(kind, stopIdle));
    results['under load'][kind].push(await measure(kind, stopUnderLoad));
  }
}
printProgress('');
printResults();
printLoad('at the end');

async function measure(kind: Kind, stop: (server: Server) => Promise<Run>): Promise<Run> {
  const server = await startServer(kind, node);
  try {
    return await within(stop(server), LIMIT_MS, `stopping the ${kind} server`);
  } finally {
    await server.end();
  }
}

/** No connection at the signal. */
async function stopIdle(server: Server): Promise<Run> {
  const { socket } = await request(server.port, '/', 'hello\n');
  socket.destroy();
  await sleep(200);
  return signal(server);
}

/** Clients that open a connection for each request, and the next one as soon as they have their answer. */
async function stopUnderLoad(server: Server): Promise<Run> {
  const load = startLoad(
    { host: '127.0.0.1', port: server.port },
    { newConnection: CLIENTS, keepAlive: 0, slow: 0, hungAfter: LIMIT_MS / 2 },
  );
  try {
    await sleep(500);
    const run = await signal(server);
    await server.exited;
    load.stop();
    await load.ended;
    return { ...run, lost: countLost(load.counts) };
  } finally {
    load.stop();
  }
}

/**
 * Opens one connection after the other from the signal on. Clients that wait for an answer would not do: the server
 * is off the network while they wait. A port is never free before the first refusal.
 */
async function signal(server: Server): Promise<Run> {
  const signalledAt = now();
  process.kill(server.pid, 'SIGTERM');
  let attemptedAt: number;
  do attemptedAt = now();
  while ((await tryConnect(server.port)) !== 'refused');
  const refusedAt = now();
  while (!(await tryListen(server.port)));
  return {
    refused: refusedAt - signalledAt,
    free: now() - signalledAt,
    step: refusedAt - attemptedAt,
    lost: 0,
  };
}

function printResults(): void {
  const titles = ['', 'runs', 'refused: median', 'p99', 'port free: median', 'p99', 'clients lost per run'];
  const rows: string[][] = [];
  for (const [situation, both] of Object.entries(results)) {
    const figures = kinds.map((kind) => {
      const refused = both[kind].map((run) => run.refused);
      const free = both[kind].map((run) => run.free);
      return [median(refused), percentile(refused, 99), median(free), percentile(free, 99)];
    });
    for (const [index, kind] of kinds.entries()) {
      const lost = both[kind].reduce((sum, run) => sum + run.lost, 0) / runs;
      const times = figures[index]?.map(formatTime) ?? [];
      rows.push([
        `${situation}, ${kind}`,
        String(runs),
        ...times,
        situation === 'idle' ? '' : formatNumber(lost, 1),
      ]);
    }
    const [plain = [], graceful = []] = figures;
    const ratios = graceful.map((time, index) => formatRatio(time / (plain[index] ?? NaN)));
    rows.push([`${situation}, graceful / plain`, '', ...ratios]);
  }
  printTable(titles, rows);
  for (const [situation, both] of Object.entries(results)) {
    const steps = kinds.flatMap((kind) => both[kind].map((run) => run.step));
    console.log(
      `Resolution, ${situation}: ${formatTime(median(steps))} (median), ${formatTime(percentile(steps, 99))} (p99).`,
    );
  }
  console.log(`Under load: ${CLIENTS} clients that open a connection for each request.`);
  const [plain = '', ours = ''] = kinds.map((kind) =>
    formatTime(median(results['under load'][kind].map((run) => run.free))),
  );
  printRow('portFree', `${ours}; a plain server ${plain}`);
}
