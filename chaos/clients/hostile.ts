import { monotonic, sleep, within } from '../clock.ts';
import { openConnection, type Connection } from './connection.ts';
import type { Surroundings } from './surroundings.ts';

const RETRY_MS = 100;
const FLOOD_MS = 400;
const FLOOD_EVERY_MS = 20;
/** Few enough for a busy machine to keep up: a process that never gets to its stop is killed at the deadline. */
const FLOOD_REQUESTS = 10;
const LONGEST_SILENCE_MS = 1_500;
const GARBAGE_BYTES = 200;

type Misbehave = (around: Surroundings, connection: Connection, id: string) => Promise<unknown>;

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

const wait: Misbehave = ({ over, random }, connection) =>
  within(connection.until(over), random.between(50, LONGEST_SILENCE_MS));

const kinds: Readonly<Record<string, Misbehave>> = {
  vanishing: async ({ random, secure }, { socket }, id) => {
    socket.write(get(`/slow?ms=200&id=${id}`));
    await sleep(random.between(0, 100));
    // Only a TCP connection can be reset.
    if (secure || socket.localPort === undefined) socket.destroy();
    else socket.resetAndDestroy();
  },
  stalled: async ({ over }, connection, id) => {
    connection.socket.pause().write(get(`/large?id=${id}`));
    await connection.until(over);
  },
  garbage: async ({ random }, { socket }) => {
    socket.write(Buffer.from(Array.from({ length: GARBAGE_BYTES }, () => random.between(0, 255))));
    await sleep(random.between(0, 100));
  },
  flooding: async (_around, { socket, ending }, id) => {
    for (const end = monotonic() + FLOOD_MS; monotonic() < end && ending() === undefined;) {
      socket.write(get(`/?id=${id}`).repeat(FLOOD_REQUESTS));
      await sleep(FLOOD_EVERY_MS);
    }
  },
  'half head': (around, connection, id) => {
    connection.socket.write(`GET /?id=${id} HTTP/1.1\r\nHo`);
    return wait(around, connection, id);
  },
  silent: wait,
};

/** Does what no client should, and is owed nothing. */
export async function misbehave(around: Surroundings): Promise<void> {
  const { ledger, group, over } = around;
  while (!over()) {
    const attempt = ledger.open(group.kind);
    const connection = await openConnection(around, attempt);
    if (connection !== undefined) {
      await kinds[group.kind]?.(around, connection, attempt.id);
      connection.socket.destroy();
      ledger.settle(attempt, 'left');
    }
    await sleep(RETRY_MS);
  }
}
