// Stops a server again and again under clients that keep their connections, or pipeline on them, and counts on both
// sides. Fails on the first request lost, and where the server's report and its clients disagree.
//   npm run soak:storm -- [--storm keep-alive|pipelining] [--tls] [--rounds 100] [--plain-rounds 5] [--node PATH]
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { ShutdownReport } from '@graceful-cluster/core';
import { startChild } from './helpers/child.ts';
import { sleep, within } from './helpers/clock.ts';
import { formatNumber } from './helpers/numbers.ts';
import { readCount, readOne } from './helpers/soak-options.ts';
import { storm, type StormCounts } from './helpers/storm-client.ts';

interface Round {
  readonly counts: StormCounts;
  /** What the server and its clients do not agree on, and what else was wrong. */
  readonly faults: readonly string[];
}

const CLIENTS = 64;
/** Requests in one piece, and the longest pause in milliseconds. */
const storms = { 'keep-alive': { depth: 1, think: 20 }, pipelining: { depth: 8, think: 20 } } as const;
const LIMIT_MS = 60_000;

const { values } = parseArgs({
  options: {
    storm: { type: 'string', default: 'keep-alive' },
    tls: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '100' },
    'plain-rounds': { type: 'string', default: '5' },
    node: { type: 'string', default: process.execPath },
  },
});
const name = readOne('storm', values.storm, Object.keys(storms) as (keyof typeof storms)[]);
const kind = values.tls ? 'https' : 'http';
const plan = [
  ['plain', readCount('plain-rounds', values['plain-rounds'], 0)],
  ['graceful', readCount('rounds', values.rounds, 1)],
] as const;

for (const [server, rounds] of plan) {
  const done: Round[] = [];
  while (done.length < rounds) {
    const round = await within(runRound(server), 2 * LIMIT_MS, `round ${done.length + 1}`);
    done.push(round);
    const wrong = [...round.counts.lost, ...round.faults];
    if (server === 'plain' || wrong.length === 0) continue;
    console.log(`round ${done.length}: ${wrong.join('; ')}`);
    process.exitCode = 1;
  }
  if (rounds > 0) print(server, done);
}

async function runRound(server: 'plain' | 'graceful'): Promise<Round> {
  const fixture = server === 'plain' ? 'connections/plain' : 'connections/server';
  const program = fileURLToPath(new URL(`../test/fixtures/${fixture}.js`, import.meta.url));
  const child = startChild([values.node, program, JSON.stringify({ kind })]);
  try {
    const [, port] = await child.find(/^ready (\d+)$/m, LIMIT_MS);
    const running = storm({ port: Number(port), secure: values.tls, clients: CLIENTS, ...storms[name] });
    await running.warm;
    await sleep(50 + Math.random() * 100);
    process.kill(child.pid, 'SIGTERM');
    if (server === 'plain') {
      // It serves connections in use for ever. An orchestrator kills it after ten seconds, and here one must do.
      await sleep(1_000);
      await child.end();
      return { counts: await running.ended, faults: [] };
    }
    const counts = await running.ended;
    const exit = await child.exited;
    return { counts, faults: compare(counts, child.stdout(), exit) };
  } finally {
    await child.end();
  }
}

function compare(
  counts: StormCounts,
  stdout: string,
  exit: { readonly code: number | null; readonly signal: string | null },
): string[] {
  const answered = Number(/^answered (\d+)$/m.exec(stdout)?.[1]);
  const report = JSON.parse(/^report (.*)$/m.exec(stdout)?.[1] ?? 'null') as ShutdownReport | null;
  if (report === null) return ['no report'];
  const { connections, requests } = report;
  const pairs = {
    'exit code': [exit.code ?? exit.signal, 0],
    'answers written and read': [answered, counts.answered],
    'connections ended with close': [connections.answered, counts.closes],
    'connections ended otherwise': [connections.idle + connections.gone + connections.cut.length, 0],
    'requests cut': [requests.cut, 0],
    'clients refused in the end': [counts.refused, CLIENTS],
  };
  return Object.entries(pairs).flatMap(([what, [is, should]]) =>
    is === should ? [] : [`${what}: ${is}, not ${should}`],
  );
}

function print(server: string, rounds: readonly Round[]): void {
  const sum = (count: (counts: StormCounts) => number): number =>
    rounds.reduce((total, { counts }) => total + count(counts), 0);
  const faults = rounds.flatMap((round) => round.faults).length;
  console.log(
    [
      `${server}, ${name} over ${kind}: ${rounds.length} shutdowns under ${CLIENTS} clients`,
      `${formatNumber(sum(({ answered }) => answered))} answered`,
      `${formatNumber(sum(({ lost }) => lost.length))} lost`,
      ...(server === 'plain' ? [] : [`${faults} disagreements between report and clients`]),
    ].join(', '),
  );
}
