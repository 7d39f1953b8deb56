// What does a client cost that pipelines 20,000 requests, with the coordinator and without it; and what does it cost to
// cut many HTTP/2 sessions with 100 streams each, which must grow with their number, and not with its square?
// The control is a plain server again: what differs between the two is noise.
//   npm run bench -- many [--runs 15] [--quick] [--node PATH]
import { connect as connectHttp2, constants } from 'node:http2';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from '@graceful-cluster/probe/format';
import { startChild, type Child } from './helpers/child.ts';
import { sleep, within } from './helpers/clock.ts';
import { onServerCore, printHeader, printLoad } from './helpers/machine.ts';
import type { Used } from './helpers/many-server.ts';
import { connectPipelining } from './helpers/pipeline.ts';
import { readCount } from './helpers/soak-options.ts';
import { printTable } from './helpers/table.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '15' },
    quick: { type: 'boolean', default: false },
    node: { type: 'string', default: process.execPath },
  },
});
const runs = values.quick ? 3 : readCount('runs', values.runs, 1);
const REQUESTS = 20_000;
const STREAMS = 100;
const SESSIONS = [200, 400, 800];
const LIMIT_MS = 60_000;
const program = fileURLToPath(new URL('helpers/many-server.js', import.meta.url));

printHeader('many: what many pipelined requests cost, and many HTTP/2 sessions that are cut', values.node);
await comparePipelining();
await compareCuts();
printLoad('at the end');

async function comparePipelining(): Promise<void> {
  const all = { plain: [] as Used[], control: [] as Used[], graceful: [] as Used[] };
  const names = ['plain', 'graceful', 'control'] as const;
  for (let run = 0; run < runs; run += 1) {
    // By turns, in an order that changes, so that a slow minute counts for all.
    for (const name of run % 2 === 0 ? names : names.toReversed()) {
      all[name].push(await pipeline(name === 'graceful' ? {} : { PLAIN: '1' }));
    }
  }
  const row = (title: string, key: keyof Used): readonly string[] => {
    const [plain, control, graceful] = [all.plain, all.control, all.graceful].map((each) =>
      each.map((used) => used[key]),
    ) as [number[], number[], number[]];
    const middles = [plain, control, graceful].map((each) => median(each) ?? 0) as [number, number, number];
    const ratios = graceful.map((value, run) => (2 * value) / ((plain[run] ?? 0) + (control[run] ?? 0)));
    ratios.sort((a, b) => a - b);
    const [low, high] = [0.25, 0.75].map((part) => ratios[Math.round(part * (runs - 1))]?.toFixed(2));
    const ratio = (2 * middles[2]) / (middles[0] + middles[1]);
    const noise = middles[1] / middles[0];
    return [title, ...middles.map(ms), ratio.toFixed(2), `${low}–${high}`, noise.toFixed(2)];
  };
  const count = REQUESTS.toLocaleString('en');
  printTable(
    [`${count} pipelined`, 'plain', 'control', 'graceful', 'ratio', 'half of the runs', 'control / plain'],
    [
      row('processor time', 'processor'),
      row('longest block, computed', 'computed'),
      row('longest block by the clock', 'clock'),
    ],
  );
}

async function compareCuts(): Promise<void> {
  const rows: string[][] = [];
  for (const sessions of SESSIONS) {
    const all: Used[] = [];
    for (let run = 0; run < Math.min(runs, 3); run += 1) all.push(await cut(sessions));
    const processor = median(all.map((each) => each.processor)) ?? 0;
    const block = median(all.map((each) => each.clock)) ?? 0;
    const streams = sessions * STREAMS;
    rows.push([
      `${sessions} × ${STREAMS}`,
      ms(processor),
      `${((processor / streams) * 1_000).toFixed(1)} µs`,
      ms(block),
    ]);
  }
  printTable(['sessions × streams cut', 'processor time', 'for each stream', 'longest block'], rows);
}

async function pipeline(env: Readonly<Record<string, string>>): Promise<Used> {
  const child = startChild(onServerCore([values.node, program]), { env });
  try {
    const client = await connectPipelining(await portOf(child));
    await client.ask(200);
    await client.widen();
    await used(child, 1);
    await client.ask(REQUESTS);
    const found = await used(child, 2);
    client.close();
    return found;
  } finally {
    await child.end();
  }
}

async function cut(sessions: number): Promise<Used> {
  const child = startChild(onServerCore([values.node, program]), { env: { KIND: 'http2' } });
  const clients = [];
  try {
    const port = await portOf(child);
    for (let number = 0; number < sessions; number += 1) {
      const client = connectHttp2(`http://127.0.0.1:${port}`).on('error', () => {});
      for (let each = 0; each < STREAMS; each += 1) {
        client.request({ [constants.HTTP2_HEADER_PATH]: '/' }).on('error', () => {});
      }
      clients.push(client);
      if (number % 20 === 0) await sleep(5);
    }
    await sleep(500 + sessions);
    process.kill(child.pid, 'SIGTERM');
    const [, text] = await child.find(/^cut \d+ (.*)$/m, LIMIT_MS);
    return JSON.parse(text ?? '') as Used;
  } finally {
    await child.end();
    for (const client of clients) client.destroy();
  }
}

async function portOf(child: Child): Promise<number> {
  const [, port] = await child.find(/^port (\d+)$/m, LIMIT_MS);
  return Number(port);
}

async function used(child: Child, nth: number): Promise<Used> {
  process.kill(child.pid, 'SIGUSR2');
  const lines = (): readonly RegExpExecArray[] => [...child.stdout().matchAll(/^used (.*)$/gm)];
  const wait = async (): Promise<void> => {
    while (lines().length < nth) await sleep(5);
  };
  await within(wait(), LIMIT_MS, 'an answer to SIGUSR2');
  return JSON.parse(lines()[nth - 1]?.[1] ?? '') as Used;
}

function ms(value: number | undefined): string {
  return `${(value ?? 0).toFixed(0)} ms`;
}
