// Very many clients, which do not more than they must: scale-clients.js PORT idle|busy|websocket|http2 COUNT, over IPC.
// After the message `slow` it sends requests that take so long, and tells how much later than that each was answered.
import { connect, type Socket } from 'node:net';
import { now } from './clock.ts';

/** Connections that are opened at the same time. */
const AT_ONCE = 100;

/** Each of 127.0.0.1 to 127.0.0.4 has a range of ports of its own. */
const ADDRESSES = 4;

/** Requests in flight at the signal, and how far apart their ends are, in milliseconds. */
const SLOW_MS = 50;
const SLOW_COUNT = 40;

/** What the shortest takes more, so that all have begun when it ends. */
const ASKED_MS = 500;

/** The first bytes of the kind, and what the answer contains when it is done; none for a request that hangs. */
const KINDS: Readonly<Record<string, readonly [first: Buffer, ready: string | undefined]>> = {
  idle: [Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), 'hello\n'],
  busy: [Buffer.from('GET /hang HTTP/1.1\r\nHost: a\r\n\r\n'), undefined],
  websocket: [
    Buffer.from(
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    ),
    '101 ',
  ],
  // The preface, and an empty SETTINGS frame. The server's is its answer.
  http2: [
    Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(4, 0, Buffer.alloc(0))]),
    '\u0004',
  ],
};

const [port = '', kind = 'idle', count = '1'] = process.argv.slice(2);
const [first, ready] = KINDS[kind] ?? [];
const sockets: Socket[] = [];

function frame(type: number, flags: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  return Buffer.concat([head, payload]);
}

function open(index: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: Number(port), host: `127.0.0.${1 + (index % ADDRESSES)}` });
    sockets.push(socket);
    socket.once('error', reject);
    socket.on('data', (chunk: Buffer) => {
      if (kind === 'http2') answerFrames(socket, chunk);
      if (ready !== undefined && chunk.includes(ready)) resolve();
    });
    socket.write(first ?? '', () => {
      socket.off('error', reject).on('error', () => {});
      if (ready === undefined) resolve();
    });
  });
}

/** Acknowledges SETTINGS and PING, as each client does. The frames of an idle session come whole. */
function answerFrames(socket: Socket, chunk: Buffer): void {
  for (let at = 0; at + 9 <= chunk.length; at += 9 + chunk.readUIntBE(at, 3)) {
    const [type, flags] = [chunk[at + 3], chunk[at + 4]];
    if (type === 4 && flags === 0) socket.write(frame(4, 1, Buffer.alloc(0)));
    if (type === 6 && flags === 0) socket.write(frame(6, 1, chunk.subarray(at + 9, at + 17)));
    // GOAWAY: an idle client leaves.
    if (type === 7) socket.end();
  }
}

/**
 * Sends slow requests, each on a connection of its own, which the server answers with a head at once.
 *
 * @param begun - called when it has all of them
 * @returns how much later than it could be the latest was answered, in milliseconds
 */
async function askSlow(begun: () => void): Promise<number> {
  let heads = 0;
  const ask = async (ms: number): Promise<number> => {
    const start = now();
    const socket = connect({ port: Number(port), host: '127.0.0.1' }).setEncoding('latin1');
    socket.write(`GET /slow?ms=${ms} HTTP/1.1\r\nHost: a\r\n\r\n`);
    let text = '';
    for await (const chunk of socket as AsyncIterable<string>) {
      if (text === '') heads += 1;
      if (text === '' && heads === SLOW_COUNT) begun();
      text += chunk;
      if (text.endsWith('slow\n')) break;
    }
    if (!text.endsWith('slow\n')) throw new Error(`a request of ${ms} ms was not answered`);
    return now() - start - ms;
  };
  const late = Array.from({ length: SLOW_COUNT }, (_, index) => ask(ASKED_MS + SLOW_MS * (index + 1)));
  return Math.max(...(await Promise.all(late)));
}

process.on('disconnect', () => process.exit());
for (let opened = 0; opened < Number(count); opened += AT_ONCE) {
  const size = Math.min(AT_ONCE, Number(count) - opened);
  await Promise.all(Array.from({ length: size }, (_, index) => open(opened + index)));
}
process.once('message', () => {
  void askSlow(() => process.send?.('asked')).then((late) => process.send?.({ late }));
});
process.send?.('ready');
