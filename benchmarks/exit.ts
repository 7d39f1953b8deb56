// How long is the process there after the last answer it owed, and how much of that is the program's own doing?
//   npm run bench -- exit [--runs 30] [--quick] [--node PATH]
import { startLoad } from '@graceful-cluster/probe';
import { request } from './helpers/client.ts';
import { fileURLToPath } from 'node:url';
import { monotonic, now, sleep, within } from './helpers/clock.ts';
import { printHeader, printLoad } from './helpers/machine.ts';
import { formatRatio, formatTime, median, percentile } from './helpers/numbers.ts';
import { readOptions } from './helpers/options.ts';
import { kinds, startServer, type Kind, type Server } from './helpers/server.ts';
import { printProgress, printTable } from './helpers/table.ts';

interface Situation {
  readonly name: string;
  /** Clients that open a connection for each request. */
  readonly clients: number;
  /** Keep-alive connections that are idle at the signal. */
  readonly idle: number;
}

/** Milliseconds. */
interface Run {
  /** From the last answer to the end of the program: `process.on('exit')`. */
  readonly program: number;
  /** From the last answer to the end of the process. */
  readonly over: number;
  /** From the signal to the exit. */
  readonly exit: number;
}

const TARGET_MS = 10;
const SLOW = { requests: 4, path: '/slow?ms=500' };
const LIMIT_MS = 20_000;
const PRELOAD = ['--import', fileURLToPath(new URL('helpers/print-end.js', import.meta.url))];

const situations: readonly Situation[] = [
  { name: 'slow requests', clients: 0, idle: 0 },
  { name: 'and 16 clients', clients: 16, idle: 0 },
  { name: 'and 50 idle connections', clients: 0, idle: 50 },
];

const { runs, node } = readOptions({ runs: [30, 3] });
printHeader(
  'exit: from the last answer to a request in flight at the signal to the exit of the process',
  node,
);

const results = situations.map((situation) => ({ situation, plain: [] as Run[], graceful: [] as Run[] }));
/**
 * What the kernel needs to end the same process: milliseconds from SIGKILL, in place of the last answer, to the exit.
 */
const killed: number[] = [];
for (let run = 0; run < runs; run += 1) {
  printProgress(`run ${run + 1} of ${runs}`);
  for (const result of results) {
    for (const kind of run % 2 === 0 ? kinds : kinds.toReversed()) {
      result[kind].push(await measure(kind, result.situation));
    }
  }
  killed.push(await measureKill());
}
printProgress('');
printResults();
printLoad('at the end');

async function measure(kind: Kind, situation: Situation): Promise<Run> {
  const server = await startServer(kind, node, PRELOAD);
  try {
    return await within(stop(server, situation), LIMIT_MS, `stopping the ${kind} server`);
  } finally {
    await server.end();
  }
}

async function stop(server: Server, { clients, idle }: Situation): Promise<Run> {
  const load = startLoad(
    { host: '127.0.0.1', port: server.port },
    { newConnection: clients, keepAlive: 0, slow: 0 },
  );
  try {
    await Promise.all(Array.from({ length: idle }, () => request(server.port, '/', 'hello\n')));
    const slow = Array.from({ length: SLOW.requests }, async () => {
      const { at, socket } = await request(server.port, SLOW.path, 'slow\n');
      socket.destroy();
      return at;
    });
    await sleep(200);
    const signalledAt = now();
    process.kill(server.pid, 'SIGTERM');
    const { at } = await server.exited;
    const [, ended] = await server.find(/ended at ([\d.]+)/);
    const answeredAt = Math.max(...(await Promise.all(slow)));
    const endedAt = now() - (monotonic() - Number(ended));
    return { program: endedAt - answeredAt, over: at - answeredAt, exit: at - signalledAt };
  } finally {
    load.stop();
    await load.ended;
  }
}

async function measureKill(): Promise<number> {
  const server = await startServer('graceful', node, PRELOAD);
  try {
    const { socket } = await request(server.port, SLOW.path, 'slow\n');
    socket.destroy();
    const killedAt = now();
    process.kill(server.pid, 'SIGKILL');
    return (await within(server.exited, LIMIT_MS, 'killing a server')).at - killedAt;
  } finally {
    await server.end();
  }
}

function printResults(): void {
  const rows: string[][] = [];
  for (const { situation, ...both } of results) {
    const figures = kinds.map((kind) => {
      const [program = [], over = [], exit = []] = (['program', 'over', 'exit'] as const).map((name) =>
        both[kind].map((run) => run[name]),
      );
      return [median(program), percentile(program, 99), median(over), percentile(over, 99), median(exit)];
    });
    for (const [index, kind] of kinds.entries()) {
      rows.push([`${situation.name}, ${kind}`, String(runs), ...(figures[index] ?? []).map(formatTime)]);
    }
    const [plain = [], graceful = []] = figures;
    const ratios = graceful.map((time, index) => formatRatio(time / (plain[index] ?? NaN)));
    rows.push([`${situation.name}, graceful / plain`, '', ...ratios]);
  }
  rows.push([
    'killed (SIGKILL) instead',
    String(runs),
    '',
    '',
    formatTime(median(killed)),
    formatTime(percentile(killed, 99)),
  ]);
  const program = ['last answer → end of program: median', 'p99'];
  const whole = ['→ end of process: median', 'p99'];
  printTable(['', 'runs', ...program, ...whole, 'signal → exit: median'], rows);
  const without = results
    .filter(({ situation }) => situation.idle === 0)
    .map(({ graceful }) => median(graceful.map(({ over }) => over)) - median(killed));
  console.log(
    [
      `In flight at the signal: ${SLOW.requests} × GET ${SLOW.path}, 200 ms old. Their clients close after the answer.`,
      `Beyond what the kernel takes to end the process when it is killed: ${without.map(formatTime).join(' and ')}`,
      `where no keep-alive connection has to linger (target: <= ${TARGET_MS} ms).`,
      'With idle connections the difference is keepAliveGrace (1,000 ms): the plain server closes them at once, and so',
      'loses a request that is on its way; the graceful one gives each of them that long to ask once more.',
    ].join('\n'),
  );
}
