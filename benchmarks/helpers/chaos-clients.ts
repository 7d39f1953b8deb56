import { connect } from 'node:net';
import { now } from './clock.ts';

/** The end of a connection, as its client saw it. */
export interface Ending {
  readonly at: number;
  /** Whether a request was on it. */
  readonly lost: boolean;
  /** Whether the last response had said that it ends. */
  readonly told: boolean;
  /** The worker that answered last; undefined if none did. */
  readonly pid: number | undefined;
}

export interface ChaosClients {
  /** All so far, in the order of time. */
  readonly endings: readonly Ending[];
  readonly answered: () => number;
  /** How long the request that waits longest has waited, in milliseconds. */
  readonly longestWait: () => number;
  readonly stop: () => void;
}

const REQUEST = 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello';

/** Longest pause between an answer and the next request, in milliseconds. */
const PAUSE_MS = 10;

/** Between the end of a connection and the next, in milliseconds. */
const AGAIN_MS = 20;

/** Clients that post on kept connections with next to no pause, to a server whose answers are its process id. */
export function startChaosClients(port: number, count: number): ChaosClients {
  const endings: Ending[] = [];
  const waits = new Map<object, number>();
  let answered = 0;
  let over = false;

  function start(): void {
    if (over) return;
    const socket = connect(port, '127.0.0.1').setNoDelay().setEncoding('latin1');
    let connected = false;
    let told = false;
    let pid: number | undefined;
    let text = '';
    const ask = (): void => {
      if (over) socket.destroy();
      if (socket.destroyed || socket.readableEnded) return;
      waits.set(socket, now());
      text = '';
      socket.write(REQUEST);
    };
    socket.once('connect', () => {
      connected = true;
      ask();
    });
    socket.on('data', (chunk: string) => {
      text += chunk;
      const [head = '', body = ''] = text.split('\r\n\r\n');
      if (!waits.has(socket) || body.length < Number(/content-length: (\d+)/i.exec(head)?.[1] ?? Infinity))
        return;
      waits.delete(socket);
      answered += 1;
      pid = Number(body);
      told = /^connection: close/im.test(head);
      if (told) socket.end();
      else setTimeout(ask, Math.random() * PAUSE_MS);
    });
    socket.on('error', () => {});
    socket.once('close', () => {
      const lost = waits.delete(socket);
      // A client that is refused has lost nothing.
      if (connected && !over) endings.push({ at: now(), lost, told, pid });
      setTimeout(start, AGAIN_MS);
    });
  }

  for (let each = 0; each < count; each += 1) start();
  return {
    endings,
    answered: () => answered,
    longestWait: () => Math.max(0, ...[...waits.values()].map((since) => now() - since)),
    stop: () => {
      over = true;
    },
  };
}
