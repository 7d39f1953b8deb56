// What does a stop cost with very many connections, and does each cost the same?
//   npm run bench -- scale [--runs 3] [--most 18000] [--quick] [--node PATH]
// Needs as many descriptors as connections: `ulimit -n`.
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startChild, type Child } from './helpers/child.ts';
import { now, sleep, within } from './helpers/clock.ts';
import { onServerCore, printHeader, printLoad } from './helpers/machine.ts';
import { formatNumber, formatRatio, formatTime, median } from './helpers/numbers.ts';
import { readOptions } from './helpers/options.ts';
import type { Measured } from './helpers/scale-server.ts';
import { kinds, type Kind } from './helpers/server.ts';
import { printProgress, printTable } from './helpers/table.ts';
import { printRow } from './helpers/targets.ts';

interface Situation {
  readonly name: string;
  readonly server: 'http' | 'websocket' | 'http2';
  readonly clients: 'idle' | 'busy' | 'websocket' | 'http2';
  /** Of `most`, the part that is opened. */
  readonly share: number;
  readonly timeout: number;
  readonly cleanupTimeout: number;
  /** Milliseconds that a stop takes by intention; where it is cut, until the deadline of the whole. */
  readonly wait: Readonly<Record<Kind, number>>;
}

type Run = Measured & { readonly end: number; readonly late: number };

const GRACE_MS = 1_000;

/** Connections that the rows of docs/performance.md are of. */
const MOST = 18_000;
const situations: readonly Situation[] = [
  {
    name: 'idle keep-alive',
    server: 'http',
    clients: 'idle',
    share: 1,
    timeout: 9_000,
    cleanupTimeout: 2_000,
    wait: { plain: 0, graceful: GRACE_MS },
  },
  {
    name: 'idle HTTP/2',
    server: 'http2',
    clients: 'http2',
    share: 0.5,
    timeout: 9_000,
    cleanupTimeout: 2_000,
    wait: { plain: 0, graceful: GRACE_MS },
  },
  {
    name: 'silent WebSocket',
    server: 'websocket',
    clients: 'websocket',
    share: 0.5,
    timeout: 6_000,
    cleanupTimeout: 1_000,
    wait: { plain: 5_000, graceful: 3_500 },
  },
  {
    name: 'busy until the deadline',
    server: 'http',
    clients: 'busy',
    share: 5 / 9,
    timeout: 4_000,
    cleanupTimeout: 1_000,
    wait: { plain: 3_000, graceful: 4_000 },
  },
];

const TITLES = [
  'connections',
  'server',
  'signal → exit',
  'beyond',
  'longest block',
  'CPU in a turn',
  'a request late by',
  'CPU',
  'each',
  'CPU/s while it waits',
  'stats()',
  'mean',
  'report',
];

const { most, runs, node } = readOptions({ most: [MOST, 6_000], runs: [3, 1] });
const sizes = [most / 18, most / 3, most].map(Math.round);
printHeader('scale: a stop with very many connections', node);

for (const situation of situations) {
  const rows: string[][] = [];
  const results = {} as Record<Kind, Run[]>;
  for (const kind of kinds) results[kind] = [];
  for (const size of sizes) {
    const count = Math.round(size * situation.share);
    const measured = { plain: [] as Run[], graceful: [] as Run[] };
    for (let run = 0; run < runs; run += 1) {
      for (const kind of kinds) {
        printProgress(`${situation.name}: ${count}, run ${run + 1} of ${runs}, ${kind}`);
        measured[kind].push(await measure(situation, kind, count, false));
      }
    }
    for (const kind of kinds) {
      const of = (key: keyof Run): number => median(measured[kind].map((run) => run[key]));
      // Clients of HTTP/2 send no slow requests.
      const slow = size === most && situation.server !== 'http2';
      const late = slow ? (await measure(situation, kind, count, true)).late : NaN;
      const run: Run = {
        cpu: of('cpu'),
        waiting: of('waiting'),
        end: of('end'),
        block: of('block'),
        turn: of('turn'),
        report: of('report'),
        stats: of('stats'),
        statsMean: of('statsMean'),
        handshakes: of('handshakes'),
        late,
      };
      results[kind].push(run);
      rows.push(describe(count, kind, situation.wait[kind], run));
    }
  }
  printProgress('');
  console.log(`\n${situation.name}`);
  printTable(TITLES, rows);
  printFit(situation, results);
  printRows(situation, results.plain.at(-1), results.graceful.at(-1));
}
printLoad('at the end');

/** @param beside - whether slow requests are in flight besides, which hold the process up */
async function measure(
  { server, clients, timeout, cleanupTimeout }: Situation,
  kind: Kind,
  count: number,
  beside: boolean,
): Promise<Run> {
  const program = (name: string): string => fileURLToPath(new URL(`helpers/${name}.js`, import.meta.url));
  const options = JSON.stringify({ timeout, cleanupTimeout });
  const child = startChild(onServerCore([node, program('scale-server'), kind, server, options]), {
    ipc: true,
  });
  let others: Child | undefined;
  try {
    const [, port = ''] = await child.find(/^port (\d+)$/m);
    others = startChild([process.execPath, program('scale-clients'), port, clients, String(count)], {
      ipc: true,
    });
    await within(once(others.process, 'message'), 120_000, `${count} connections`);
    await sleep(300);
    let late: Promise<unknown[]> | undefined;
    if (beside) {
      others.process.send?.('slow');
      await once(others.process, 'message');
      late = once(others.process, 'message');
    }
    child.process.send?.('begin');
    await within(once(child.process, 'message'), 30_000, 'the server');
    const start = now();
    process.kill(child.pid, 'SIGTERM');
    const { at } = await within(child.exited, 30_000, 'the end of the server');
    const [, text = ''] = await child.find(/^measured (.*)$/m);
    const told =
      late === undefined
        ? undefined
        : ((await within(late, 5_000, 'the slow requests'))[0] as { late: number });
    return { ...(JSON.parse(text) as Measured), end: at - start, late: told?.late ?? NaN };
  } finally {
    await child.end();
    await others?.end();
  }
}

function describe(
  count: number,
  kind: Kind,
  wait: number,
  { end, block, turn, late, cpu, waiting, stats, statsMean, report }: Run,
): string[] {
  const ours = kind === 'graceful';
  return [
    formatNumber(count),
    kind,
    formatTime(end),
    formatTime(end - wait),
    formatTime(block),
    formatTime(turn),
    formatTime(late),
    formatTime(cpu),
    `${formatNumber((1_000 * cpu) / count, 1)} µs`,
    formatTime(waiting),
    ours ? formatTime(stats) : '-',
    ours ? formatTime(statsMean) : '-',
    ours ? `${formatNumber(report / 1_000, 1)} kB` : '-',
  ];
}

/** Those of docs/performance.md, of the most connections that were opened. */
function printRows({ clients, wait, timeout }: Situation, plain?: Run, graceful?: Run): void {
  if (plain === undefined || graceful === undefined || most !== MOST) return;
  const beside = (key: keyof Run): string =>
    `${formatTime(graceful[key])}; a plain server ${formatTime(plain[key])}`;
  if (clients === 'idle') {
    printRow(
      'idleExit',
      `${formatTime(graceful.end - wait.graceful)}; a plain server ${formatTime(plain.end)}`,
    );
    printRow('idleTurn', beside('turn'));
    printRow('idleLate', beside('late'));
    printRow(
      'idleEach',
      `${formatNumber((1_000 * graceful.cpu) / most, 1)} µs; a plain server ${formatNumber((1_000 * plain.cpu) / most, 1)} µs`,
    );
    printRow('handshakes', formatTime(graceful.handshakes));
  } else if (clients === 'websocket') {
    printRow('webSockets', beside('waiting'));
  } else if (clients === 'busy') {
    printRow('busyTurn', beside('turn'));
    printRow('busyExit', formatTime(graceful.end - timeout));
    printRow('report', `${formatNumber(graceful.report / 1_000, 1)} kB`);
    printRow('stats', formatTime(graceful.statsMean));
  }
}

/** What each connection more takes of the processor: between the two smaller sizes, and between the two larger ones. */
function printFit({ name, share }: Situation, results: Readonly<Record<Kind, readonly Run[]>>): void {
  const slope = (kind: Kind, from: number): number => {
    const [a, b] = results[kind].slice(from, from + 2);
    const more = share * ((sizes[from + 1] ?? NaN) - (sizes[from] ?? NaN));
    return (1_000 * ((b?.cpu ?? NaN) - (a?.cpu ?? NaN))) / more;
  };
  for (const kind of kinds) {
    const [low, high] = [slope(kind, 0), slope(kind, 1)];
    console.log(
      `${name}, ${kind}: ${formatNumber(low, 1)} µs for each connection more from ${formatNumber(share * (sizes[0] ?? 0))} ` +
        `to ${formatNumber(share * (sizes[1] ?? 0))}, ${formatNumber(high, 1)} µs from there to ` +
        `${formatNumber(share * most)} (${formatRatio(high / low)}; 1 is linear).`,
    );
  }
}
