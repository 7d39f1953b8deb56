import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface Answer {
  /** Process id of the worker. */
  readonly pid: number;
  readonly saysClose: boolean;
}

/** A client that keeps its connection and counts what is said to it. */
export interface KeptConnection {
  readonly ask: (path?: string) => Promise<Answer>;
  readonly write: (text: string) => void;
  /** The next answer to something that was written. */
  readonly answer: () => Promise<Answer>;
  readonly isClosed: () => boolean;
  readonly closed: Promise<unknown>;
  /** All that was received after the last whole answer. */
  readonly rest: () => string;
  readonly end: () => void;
}

export const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

/** @param address - a port of 127.0.0.1, or the path of a Unix socket */
export function keep(address: number | string): Promise<KeptConnection> {
  return keepSocket(typeof address === 'string' ? connect(address) : connect(address, '127.0.0.1'));
}

export function keepTls(port: number): Promise<KeptConnection> {
  return keepSocket(connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }), 'secureConnect');
}

async function keepSocket(socket: Socket, opened = 'connect'): Promise<KeptConnection> {
  socket.setNoDelay().setEncoding('latin1');
  const answers: Answer[] = [];
  const waiters: ((answer: Answer | Error) => void)[] = [];
  let text = '';
  let isClosed = false;
  socket.on('data', (chunk: string) => {
    text += chunk;
    for (let match = next(); match !== null; match = next()) {
      const [whole, head = '', length = '0'] = match;
      if (text.length < whole.length + Number(length)) return;
      const body = text.slice(whole.length, whole.length + Number(length));
      text = text.slice(whole.length + Number(length));
      deliver({ pid: Number(body), saysClose: /^connection: close/im.test(head) });
    }
  });
  const next = (): RegExpExecArray | null =>
    /^(HTTP\/1\.1 200 .*?content-length: (\d+).*?)\r\n\r\n/is.exec(text);
  const deliver = (answer: Answer): void => {
    const waiter = waiters.shift();
    if (waiter === undefined) answers.push(answer);
    else waiter(answer);
  };
  const closed = new Promise((resolve) => {
    socket.on('error', () => {});
    socket.once('close', () => {
      isClosed = true;
      for (const waiter of waiters) waiter(new Error(`closed with ${JSON.stringify(text)}`));
      resolve(undefined);
    });
  });
  await once(socket, opened);
  const answer = (): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const known = answers.shift();
      if (known !== undefined) resolve(known);
      else if (isClosed) reject(new Error('closed'));
      else waiters.push((said) => (said instanceof Error ? reject(said) : resolve(said)));
    });
  const write = (out: string): void => void socket.write(out);
  return {
    write,
    answer,
    ask: (path = '/') => {
      write(get(path));
      return answer();
    },
    isClosed: () => isClosed,
    closed,
    rest: () => text,
    end: () => socket.destroy(),
  };
}
