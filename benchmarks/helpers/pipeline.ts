import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { sleep } from './clock.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';
const ANSWER = '\r\n\r\nok';
const BODY_BYTES = 8_000_000;
const SETTLE_MS = 100;

/** A client of a server that answers `ok` to all. */
export interface PipeliningClient {
  /** Resolves when so many requests that were sent in one piece are answered. */
  readonly ask: (count: number) => Promise<void>;
  /**
   * Makes the kernel enlarge the receive buffer of the server, by a large upload. Without that it is by chance of a
   * millisecond whether the server finds 5,000 of 20,000 requests in one turn of its event loop, or 18,000.
   */
  readonly widen: () => Promise<void>;
  readonly close: () => void;
}

export async function connectPipelining(port: number): Promise<PipeliningClient> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  await once(socket, 'connect');
  const send = async (text: string, count: number): Promise<void> => {
    const answered = answers(socket, count);
    const keepAwake = stayAwake();
    socket.write(text);
    await answered.finally(keepAwake);
  };
  return {
    ask: (count) => send(REQUEST.repeat(count), count),
    widen: async () => {
      await send(
        `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${BODY_BYTES}\r\n\r\n${'x'.repeat(BODY_BYTES)}`,
        1,
      );
      // The answer is there before the body is read.
      while (socket.writableLength > 0) await sleep(1);
      await sleep(SETTLE_MS);
    },
    close: () => socket.destroy(),
  };
}

function answers(socket: Socket, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = count;
    let text = '';
    const take = (chunk: string): void => {
      const parts = (text + chunk).split(ANSWER);
      text = parts.pop() ?? '';
      left -= parts.length;
      if (left > 0) return;
      socket.off('data', take).off('error', reject).off('close', closed);
      resolve();
    };
    const closed = (): void => reject(new Error(`closed with ${left} requests unanswered`));
    socket.on('data', take).once('error', reject).once('close', closed);
  });
}

/**
 * Keeps this process from sleeping. A write to a client that sleeps wakes it, which takes the server longer than the
 * write; and the slower of two servers would wake it more often, and be slower for that. @returns what ends it
 */
function stayAwake(): () => void {
  let going = true;
  const again = (): void => {
    if (going) setImmediate(again);
  };
  again();
  return () => {
    going = false;
  };
}
