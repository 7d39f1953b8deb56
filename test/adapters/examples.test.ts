// Every example is a complete program: it serves, it is stopped in the middle of a request, it ends clean.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import sqlite from 'node-sqlite3-wasm';
import t, { type Test } from 'tap';
import { ask } from '../helpers/child.ts';

interface Example {
  readonly port: number;
  readonly kill: () => void;
  readonly output: () => string;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

/** Resolves when the example has said so many times that it listens: each worker of a cluster does. */
async function start(
  t: Test,
  name: string,
  times: number,
  more: Readonly<Record<string, string>> = {},
): Promise<Example> {
  const path = name.endsWith('.cjs') ? `../../../examples/${name}` : `../../examples/${name}.js`;
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const child = spawn(process.execPath, [fileURLToPath(new URL(path, import.meta.url))], {
    env: { ...inherited, PORT: '0', ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const exited = new Promise<Awaited<Example['exited']>>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const listening = (): RegExpExecArray[] => [...output.matchAll(/http:\/\/127\.0\.0\.1:([1-9]\d*)/g)];
  while (listening().length < times && child.exitCode === null) await sleep(5);
  const port = Number(listening()[0]?.[1]);
  if (!port) throw new Error(`${name} did not start:\n${output}`);
  return { port, kill: () => child.kill('SIGTERM'), output: () => output, exited };
}

const examples = {
  fastify: 'closed after the last request',
  express: '',
  'express4.cjs': '',
  'commonjs.cjs': '',
  'fastify-cluster': '',
  'express-cluster': '',
  'nest-fastify': 'nest is down',
  'nest-express': 'nest is down',
};

t.jobs = 3;

for (const [name, last] of Object.entries(examples)) {
  t.test(name, async (t) => {
    const example = await start(t, name, name.endsWith('cluster') ? 2 : 1);
    t.match(await ask(example.port, '/'), { status: 200, body: 'hello\n' });
    const answer = ask(example.port, '/slow?ms=800');
    await sleep(300);
    example.kill();
    t.match(await answer, { status: 200, body: 'slow\n' });
    t.same(await example.exited, { code: 0, signal: null }, example.output());
    if (last !== '') t.match(example.output(), last);
    t.notMatch(example.output(), /warn|error/i);
  });
}

t.test(
  'fastify-sqlite: a write in flight is committed and answered, then the database is closed',
  async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'fastify-sqlite-'));
    t.teardown(() => rm(folder, { recursive: true }));
    const file = join(folder, 'notes.db');
    const example = await start(t, 'fastify-sqlite', 1, { DATABASE: file });
    const texts = ['first', 'second', 'third'];
    const writes = texts.map((text) => post(example.port, text));
    await sleep(150);
    example.kill();
    t.same(
      await Promise.all(writes),
      texts.map((saved) => ({ status: 201, saved })),
    );
    t.same(await example.exited, { code: 0, signal: null }, example.output());
    t.match(example.output(), 'database closed');
    const database = new sqlite.Database(file);
    t.teardown(() => database.close());
    t.same(
      database.all('SELECT text FROM notes ORDER BY text').map(({ text }) => text),
      texts,
    );
  },
);

function post(port: number, text: string): Promise<unknown> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json' };
    const sent = request({ host: '127.0.0.1', port, path: '/notes', method: 'POST', headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode, ...(JSON.parse(body) as object) }));
    });
    sent.on('error', resolve);
    sent.end(JSON.stringify({ text }));
  });
}
