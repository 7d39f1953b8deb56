// How long does a whole cluster take to stop, for 2, 4, 8 and 16 workers?
//   npm run bench -- cluster [--runs 6] [--quick] [--node PATH]
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { countLost, startLoad } from '@graceful-cluster/probe';
import { startChild, type Child } from './helpers/child.ts';
import { request, tryConnect } from './helpers/client.ts';
import { now, sleep, within } from './helpers/clock.ts';
import { printHeader, printLoad } from './helpers/machine.ts';
import { formatTime, median, percentile } from './helpers/numbers.ts';
import { readOptions } from './helpers/options.ts';
import { kinds, type Kind } from './helpers/server.ts';
import { printProgress, printTable } from './helpers/table.ts';
import { printRow } from './helpers/targets.ts';

/** Milliseconds. */
interface Run {
  /** From the signal to the first refusal of a connection, all listeners being one. */
  readonly refused: number;
  /** From the close of the listener until the last accepted connection was handed to a worker. */
  readonly handOver: number | undefined;
  /** From the last answer to a slow request to the exit. */
  readonly over: number;
  readonly lost: number;
}

const sizes = [2, 4, 8, 16];
const LOAD = { newConnection: 64, keepAlive: 0, slow: 0 };
const SLOW = { requests: 4, path: '/slow?ms=800', body: 'slow hello\n' };
const LIMIT_MS = 60_000;

/** Prints of a graceful cluster how long its hand-over took. */
const REPORTER = `
  import { subscribe } from 'node:diagnostics_channel';
  subscribe('graceful-cluster:shutdown:stopped', ({ workers, phases, listeners }) => {
    const closed = Math.max(...listeners.map(({ duration }) => duration));
    if (workers.length > 0) console.log('hand-over ' + Math.max(0, phases.closing - closed));
  });`;

const { runs, node } = readOptions({ runs: [6, 1] });
printHeader('cluster: from the signal to the end of a whole cluster, by the number of its workers', node);

const results = sizes.map((workers) => ({ workers, plain: [] as Run[], graceful: [] as Run[] }));
for (let run = 0; run < runs; run += 1) {
  for (const result of results) {
    printProgress(`run ${run + 1} of ${runs}, ${result.workers} workers`);
    for (const kind of run % 2 === 0 ? kinds : kinds.toReversed()) {
      result[kind].push(await measure(kind, result.workers));
    }
  }
}
printProgress('');
printResults();
printLoad('at the end');

async function measure(kind: Kind, workers: number): Promise<Run> {
  const program = fileURLToPath(new URL(`../examples/${kind}-cluster.js`, import.meta.url));
  const reporter = `data:text/javascript,${encodeURIComponent(REPORTER)}`;
  const command = [node, '--import', reporter, program];
  const cluster = startChild(command, { env: { PORT: '0', WORKERS: String(workers) } });
  try {
    const up = new RegExp(`(?:listening on http://127\\.0\\.0\\.1:(\\d+)\\n){${workers}}`);
    const [, port] = await cluster.find(up, LIMIT_MS);
    return await within(stop(cluster, Number(port)), LIMIT_MS, `stopping the ${kind} cluster`);
  } finally {
    await cluster.end();
  }
}

async function stop(cluster: Child, port: number): Promise<Run> {
  const load = startLoad({ host: '127.0.0.1', port }, LOAD);
  try {
    await sleep(500);
    // A plain cluster may lose them.
    const slow = Array.from({ length: SLOW.requests }, () =>
      request(port, SLOW.path, SLOW.body).then(
        ({ at, socket }) => {
          socket.destroy();
          return at;
        },
        () => 0,
      ),
    );
    await sleep(200);
    const signalledAt = now();
    process.kill(cluster.pid, 'SIGTERM');
    load.signalled(signalledAt);
    while ((await tryConnect(port)) !== 'refused') await turn();
    const refused = now() - signalledAt;
    const { at } = await cluster.exited;
    await sleep(50);
    load.stop();
    await load.ended;
    const handOver = /^hand-over (.*)$/m.exec(cluster.stdout())?.[1];
    return {
      refused,
      handOver: handOver === undefined ? undefined : Number(handOver),
      over: at - Math.max(signalledAt, ...(await Promise.all(slow))),
      lost: countLost(load.counts),
    };
  } finally {
    load.stop();
    await load.ended;
  }
}

function printResults(): void {
  const rows = results.flatMap(({ workers, ...both }) =>
    kinds.map((kind) => {
      const of = (figure: (run: Run) => number | undefined): number[] =>
        both[kind].flatMap((run) => figure(run) ?? []);
      const refused = of((run) => run.refused);
      const handOver = of((run) => run.handOver);
      const over = of((run) => run.over);
      const lost = of((run) => run.lost).reduce((sum, count) => sum + count, 0) / runs;
      return [
        `${workers} workers, ${kind}`,
        String(runs),
        formatTime(median(refused)),
        formatTime(percentile(refused, 99)),
        handOver.length > 0 ? formatTime(median(handOver)) : '',
        handOver.length > 0 ? formatTime(percentile(handOver, 99)) : '',
        formatTime(median(over)),
        formatTime(percentile(over, 99)),
        lost.toFixed(1),
      ];
    }),
  );
  printTable(
    ['', 'runs', 'signal → refused', 'p99', 'hand-over', 'p99', 'last answer → exit', 'p99', 'lost'],
    rows,
  );
  console.log(
    [
      `Load: ${LOAD.newConnection} clients that open a connection for each request; ${SLOW.requests} × GET ${SLOW.path} in flight at the signal.`,
      'Hand-over: from the close of the listener until a worker holds the last connection that was accepted.',
      'Last answer: to those slow requests; a plain cluster may exit before it has given them.',
    ].join('\n'),
  );
  const most = results.at(-1)?.graceful ?? [];
  printRow('refused', formatTime(median(most.map(({ refused }) => refused))));
  printRow('handOver', formatTime(median(most.flatMap(({ handOver }) => handOver ?? []))));
}
