import { setTimeout as sleep } from 'node:timers/promises';
import { monotonic } from '../clock.ts';
import type { Attempt } from './attempt.ts';
import { openConnection, type Connection } from './connection.ts';
import type { Surroundings } from './surroundings.ts';

const DEPTH = 4;
const UPLOAD_PARTS = 4;
const UPLOAD_PART_MS = 60;
const SLOW_MS = { least: 100, most: 900 } as const;
/** Pause of a client that was refused while the server is meant to be there. */
const RETRY_MS = 100;

type Ask = (around: Surroundings, connection: Connection, first: Attempt) => Promise<unknown>;

/**
 * Connects and asks, over and over, until the scenario ends; a refused client tries again. `ask` puts requests on a
 * connection until that ends or is to be left.
 */
export async function insist(around: Surroundings, ask: Ask): Promise<void> {
  const { ledger, group, random, over } = around;
  while (!over()) {
    const attempt = ledger.open(group.kind);
    const connection = await openConnection(around, attempt);
    if (connection !== undefined) {
      await ask(around, connection, attempt);
      connection.socket.destroy();
    } else if (attempt.outcome === 'refused') await sleep(RETRY_MS);
    await sleep(random.between(0, group.think));
  }
}

const get = (path: string, { id }: Attempt): string =>
  `GET ${path}id=${id} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

/** The answers that begin the text: whether each is whole and of its request, and said `Connection: close`. */
function readAnswers(
  text: string,
): { readonly body: string; readonly status: string; readonly close: boolean }[] {
  const answers = [];
  for (let rest = text; ;) {
    const [, head = '', status = ''] = /^(HTTP\/1\.1 (\d+) .*?\r\n\r\n)/s.exec(rest) ?? [];
    if (head === '') return answers;
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? Infinity);
    const chunked = /^transfer-encoding: chunked/im.test(head);
    const end = chunked ? rest.indexOf('0\r\n\r\n', head.length) : head.length + length;
    if (end < 0 || end > rest.length) return answers;
    const body = rest.slice(head.length, end);
    answers.push({ body, status, close: /^connection: close/im.test(head) });
    rest = rest.slice(chunked ? end + 5 : end);
  }
}

/** Waits for as many answers as there are attempts, and settles these. Returns whether the connection goes on. */
async function settle(
  { ledger }: Surroundings,
  connection: Connection,
  attempts: readonly Attempt[],
): Promise<boolean> {
  await connection.until(() => readAnswers(connection.text()).length >= attempts.length);
  const answers = readAnswers(connection.text());
  attempts.forEach((attempt, index) => {
    const answer = answers[index];
    if (answer === undefined) {
      const got = connection.text() === '' ? 'empty' : 'cut';
      ledger.settle(attempt, 'lost', `${connection.ending()}, ${got}`);
    } else if (answer.status === '200' && answer.body.includes(attempt.id))
      ledger.settle(attempt, 'answered');
    else
      ledger.settle(attempt, 'lost', `answered ${answer.status} ${JSON.stringify(answer.body.slice(0, 50))}`);
  });
  connection.clear();
  const goesOn = connection.ending() === undefined && !answers.some(({ close }) => close);
  return goesOn && attempts.every(({ outcome }) => outcome === 'answered');
}

const once =
  (path: (around: Surroundings) => string): Ask =>
  async (around, connection, attempt) => {
    connection.socket.write(get(path(around), attempt));
    return settle(around, connection, [attempt]);
  };

/** Keeps its connection, `depth` requests in one piece. */
const keep =
  (depth: number): Ask =>
  async (around, connection, first) => {
    const { ledger, group, random, over } = around;
    let attempts = [first, ...Array.from({ length: depth - 1 }, () => ledger.open(group.kind, first))];
    for (;;) {
      const text = attempts.map((attempt) => get('/?', attempt)).join('');
      for (const attempt of attempts) attempt.sentAt = monotonic();
      connection.socket.write(text);
      if (!(await settle(around, connection, attempts))) return false;
      await sleep(random.between(0, group.think));
      // It ended while nothing was owed: the next request goes elsewhere.
      if (over() || connection.ending() !== undefined) return true;
      const last = attempts.at(-1);
      attempts = Array.from({ length: depth }, () => ledger.open(group.kind, last));
    }
  };

const upload: Ask = async (around, connection, attempt) => {
  const part = 'x'.repeat(1_000);
  const length = part.length * UPLOAD_PARTS;
  connection.socket.write(
    `POST /upload?id=${attempt.id} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n`,
  );
  for (let sent = 0; sent < UPLOAD_PARTS && connection.ending() === undefined; sent += 1) {
    await sleep(UPLOAD_PART_MS);
    connection.socket.write(part);
  }
  return settle(around, connection, [attempt]);
};

export const http1: Readonly<Record<string, Ask>> = {
  fresh: once(() => '/?'),
  slow: once(({ random }) => `/slow?ms=${random.between(SLOW_MS.least, SLOW_MS.most)}&`),
  kept: keep(1),
  pipelined: keep(DEPTH),
  upload,
  // Ended cleanly by the server: the last chunk is there.
  events: once(() => '/events?'),
};
