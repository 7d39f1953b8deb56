// Clients that keep their connections, or pipeline on them, while a server stops.
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { sleep } from './clock.ts';

export interface StormOptions {
  readonly port: number;
  readonly secure: boolean;
  readonly clients: number;
  /** Requests sent in one piece. */
  readonly depth: number;
  /** Longest pause between an answer and the next request, in milliseconds. */
  readonly think: number;
}

export interface StormCounts {
  answered: number;
  /** Answers that said `Connection: close`. */
  closes: number;
  refused: number;
  /** Requests without an answer: what happened instead. */
  readonly lost: string[];
}

const request = 'GET /quiet HTTP/1.1\r\nHost: a\r\n\r\n';
const answer =
  /HTTP\/1\.1 200 OK\r\n(?:[^\r]+\r\n)*?(?:Connection: (close|keep-alive)\r\n)(?:[^\r]+\r\n)*\r\nok/g;

export interface Storm {
  /** Resolves when there have been as many answers as clients. */
  readonly warm: Promise<void>;
  /** Resolves when every client has been refused, or has lost a request. */
  readonly ended: Promise<StormCounts>;
}

export function storm(options: StormOptions): Storm {
  const counts: StormCounts = { answered: 0, closes: 0, refused: 0, lost: [] };
  const clients = Array.from({ length: options.clients }, async () => {
    while ((await connection(options, counts)) === 'again');
  });
  const warm = async (): Promise<void> => {
    while (counts.answered < options.clients * options.depth && counts.lost.length === 0) await sleep(5);
  };
  return { warm: warm(), ended: Promise.all(clients).then(() => counts) };
}

async function connection(options: StormOptions, counts: StormCounts): Promise<'again' | 'over'> {
  const { port, secure, depth, think } = options;
  const where = { port, host: '127.0.0.1' };
  const socket: Socket = secure ? connectTls({ ...where, rejectUnauthorized: false }) : connectTcp(where);
  let text = '';
  let ending: string | undefined;
  let wake = (): void => {};
  const next = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
    wake();
  });
  const end = (how: string): void => {
    ending ??= how;
    wake();
  };
  socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  socket.on('end', () => end('FIN'));
  socket.on('close', () => end('closed'));
  let open = false;
  socket.on(secure ? 'secureConnect' : 'connect', () => {
    open = true;
    wake();
  });
  while (!open && ending === undefined) await next();
  if (ending === 'ECONNREFUSED') {
    counts.refused += 1;
    return 'over';
  }

  for (;;) {
    if (ending !== undefined) {
      counts.lost.push(`before a request: ${ending}`);
      return 'over';
    }
    text = '';
    socket.write(request.repeat(depth));
    let answers: RegExpExecArray[] = [];
    while (answers.length < depth && ending === undefined) {
      await next();
      answers = [...text.matchAll(answer)];
    }
    counts.answered += answers.length;
    for (let missing = answers.length; missing < depth; missing += 1) counts.lost.push(String(ending));
    if (answers.some(([, connection]) => connection === 'close')) {
      counts.closes += 1;
      socket.destroy();
      return answers.length < depth ? 'over' : 'again';
    }
    if (answers.length < depth) return 'over';
    await sleep(Math.random() * think);
  }
}
