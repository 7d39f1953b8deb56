// What does a client cost that pipelines 20,000 requests, with the coordinator and without it; and what does it cost to
// cut many HTTP/2 sessions with 100 streams each, which must grow with their number, and not with its square?
//   npm run bench -- many [--runs 7] [--quick] [--node PATH]
import { connect as connectHttp2, constants } from 'node:http2';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from '@graceful-cluster/probe/format';
import { startChild, type Child } from './helpers/child.ts';
import { sleep, within } from './helpers/clock.ts';
import { readCount } from './helpers/soak-options.ts';
import { printTable } from './helpers/table.ts';

interface Used {
  /** Milliseconds. */
  readonly processor: number;
  readonly block: number;
}

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '7' },
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

await comparePipelining();
await compareCuts();

async function comparePipelining(): Promise<void> {
  const plain: Used[] = [];
  const graceful: Used[] = [];
  for (let run = 0; run < runs; run += 1) {
    // By turns, so that a slow minute counts for both.
    plain.push(await pipeline({ PLAIN: '1' }));
    graceful.push(await pipeline({}));
  }
  const row = (name: string, key: keyof Used): readonly string[] => {
    const [without, having] = [plain, graceful].map((all) => median(all.map((each) => each[key])) ?? 0);
    return [name, ms(without), ms(having), ((having ?? 0) / (without ?? 1)).toFixed(2)];
  };
  const titles = [`${REQUESTS.toLocaleString('en')} pipelined`, 'plain', 'graceful', 'ratio'];
  printTable(titles, [row('processor time', 'processor'), row('longest block', 'block')]);
}

async function compareCuts(): Promise<void> {
  const rows: string[][] = [];
  for (const sessions of SESSIONS) {
    const all: Used[] = [];
    for (let run = 0; run < Math.min(runs, 3); run += 1) all.push(await cut(sessions));
    const processor = median(all.map((each) => each.processor)) ?? 0;
    const block = median(all.map((each) => each.block)) ?? 0;
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
  const child = startChild([values.node, program], { env });
  try {
    const port = await portOf(child);
    await send(port, 200);
    await used(child, 1);
    await send(port, REQUESTS);
    return await used(child, 2);
  } finally {
    await child.end();
  }
}

/** Resolves when so many requests that were sent in one piece are answered. */
function send(port: number, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1').setEncoding('latin1').on('error', reject);
    let left = count;
    let text = '';
    socket.on('data', (chunk: string) => {
      const parts = (text + chunk).split('\r\n\r\nok');
      text = parts.pop() ?? '';
      left -= parts.length;
      if (left > 0) return;
      socket.destroy();
      resolve();
    });
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(count));
  });
}

async function cut(sessions: number): Promise<Used> {
  const child = startChild([values.node, program], { env: { KIND: 'http2' } });
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
