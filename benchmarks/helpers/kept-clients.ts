import { connect } from 'node:net';

/** What clients saw that post on kept connections with next to no pause. */
export interface KeptClients {
  /** `failed`: answered with something else than 200, as by a proxy whose server closed the connection. */
  readonly seen: { answered: number; failed: number; closed: number; lost: number };
  readonly stop: () => void;
}

const REQUEST = 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello';

/** Longest pause between an answer and the next request, in milliseconds. */
const PAUSE_MS = 10;

/** A connection that ends is `lost` with a request on it, `closed` without, and opened again. */
export function startKeptClients(port: number, count: number): KeptClients {
  const seen = { answered: 0, failed: 0, closed: 0, lost: 0 };
  let over = false;
  function start(): void {
    const socket = connect(port, '127.0.0.1').setNoDelay().setEncoding('latin1');
    let waiting = false;
    let text = '';
    const ask = (): void => {
      if (over) {
        socket.destroy();
        return;
      }
      waiting = true;
      text = '';
      socket.write(REQUEST);
    };
    socket.once('connect', ask);
    socket.on('data', (chunk: string) => {
      text += chunk;
      const [head = '', body = ''] = text.split('\r\n\r\n');
      if (!waiting || body.length < Number(/content-length: (\d+)/i.exec(head)?.[1] ?? Infinity)) return;
      waiting = false;
      if (head.startsWith('HTTP/1.1 200')) seen.answered += 1;
      else seen.failed += 1;
      if (/^connection: close/im.test(head)) socket.end();
      else setTimeout(ask, Math.random() * PAUSE_MS);
    });
    socket.on('error', () => {});
    socket.once('close', () => {
      if (over) return;
      if (waiting) seen.lost += 1;
      else seen.closed += 1;
      setTimeout(start, PAUSE_MS);
    });
  }
  for (let each = 0; each < count; each += 1) start();
  return {
    seen,
    stop: () => {
      over = true;
    },
  };
}
