// Frames of WebSocket clients that break the rules while the server says Close: `ws` reads them, behind the drain. No
// shape of theirs may crash the server, hold up the stop, or decide its exit code. The seed is printed; SEED repeats
// it.
import { connect, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { WebSocket } from 'ws';
import { ask, startChild, type Child } from '../helpers/child.ts';
import { createRandom, type Random } from '../helpers/random.ts';
import { short, stop } from '../helpers/shutdown.ts';

const CLIENTS = 60;
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
t.comment(`SEED=${seed}`);

/** Opcodes: those of RFC 6455, section 5.2, and two that are reserved. */
const TEXT = 1;
const BINARY = 2;
const RESERVED = 3;
const CLOSE = 8;
const PING = 9;
const RESERVED_CONTROL = 11;
const FIN = 0x80;
const MASKED = 0x80;
const MOST_OF_CONTROL = 125;

interface Shape {
  readonly first: number;
  readonly masked?: boolean;
  readonly payload: Buffer;
  /** The length that the frame claims, where that is not its own. */
  readonly claims?: bigint;
}

/** RFC 6455, section 5.2. The mask is zero, so that the payload is as it stands. */
function frame({ first, masked = true, payload, claims }: Shape): Buffer {
  const length = claims ?? BigInt(payload.length);
  const mask = masked ? MASKED : 0;
  const head = Buffer.alloc(10);
  head[0] = first;
  head[1] = mask | 127;
  head.writeBigUInt64BE(length, 2);
  if (length < 126n) head[1] = mask | Number(length);
  else if (length < 65_536n) {
    head[1] = mask | 126;
    head.writeUInt16BE(Number(length), 2);
  }
  const used = length < 126n ? 2 : length < 65_536n ? 4 : 10;
  return Buffer.concat([head.subarray(0, used), Buffer.alloc(masked ? 4 : 0), payload]);
}

/** Mostly no rule but one is broken, so that `ws` reads up to it. */
function shapes(random: Random): Readonly<Record<string, () => Buffer>> {
  const bytes = (most: number): Buffer =>
    Buffer.from(Array.from({ length: random.between(0, most) }, () => random.between(0, 255)));
  const text = (): Buffer => Buffer.from('x'.repeat(random.between(0, 300)));
  const close = (payload: Buffer): Buffer => frame({ first: FIN | CLOSE, payload });
  const code = (): Buffer => {
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(random.pick([0, 999, 1_000, 1_004, 1_005, 1_006, 1_015, 2_999, 4_999, 65_535]));
    return payload;
  };
  const huge = random.pick([2n ** 31n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]);
  return {
    'a whole message': () => frame({ first: FIN | TEXT, payload: text() }),
    'an unmasked message': () => frame({ first: FIN | TEXT, masked: false, payload: text() }),
    'an unmasked Close': () => frame({ first: FIN | CLOSE, masked: false, payload: code() }),
    'fragments without an end': () =>
      Buffer.concat([
        frame({ first: TEXT, payload: text() }),
        ...Array.from({ length: random.between(0, 20) }, () => frame({ first: 0, payload: text() })),
      ]),
    'a fragment of nothing': () => frame({ first: random.pick([0, FIN]), payload: text() }),
    'a message inside of a message': () =>
      Buffer.concat([
        frame({ first: TEXT, payload: text() }),
        frame({ first: FIN | BINARY, payload: text() }),
      ]),
    'a control frame that is too long': () =>
      frame({ first: FIN | random.pick([CLOSE, PING]), payload: Buffer.alloc(MOST_OF_CONTROL + 1, 'x') }),
    'a control frame in fragments': () => frame({ first: random.pick([CLOSE, PING]), payload: text() }),
    'reserved bits': () => frame({ first: FIN | (random.between(1, 7) << 4) | TEXT, payload: bytes(50) }),
    'a reserved opcode': () =>
      frame({ first: FIN | random.pick([RESERVED, RESERVED_CONTROL]), payload: bytes(50) }),
    'text that is no UTF-8': () => frame({ first: FIN | TEXT, payload: Buffer.from([0xc0, 0xaf, 0xff]) }),
    'a Close of one byte': () => close(Buffer.from([3])),
    'a Close with any code': () => close(code()),
    'garbage after a Close': () => Buffer.concat([close(code()), bytes(2_000)]),
    'a Close twice, and pings': () =>
      Buffer.concat([close(code()), close(code()), frame({ first: FIN | PING, payload: text() })]),
    'many pings': () =>
      Buffer.concat(
        Array.from({ length: 500 }, () => frame({ first: FIN | PING, payload: Buffer.alloc(9) })),
      ),
    'half a frame': () => frame({ first: FIN | TEXT, payload: text(), claims: 60_000n }),
    'half a head': () => frame({ first: FIN | TEXT, payload: text() }).subarray(0, random.between(1, 5)),
    'a length of no message': () => frame({ first: FIN | BINARY, payload: bytes(50), claims: huge }),
    garbage: () => bytes(2_000),
    'HTTP again': () => Buffer.from('GET /again HTTP/1.1\r\nHost: a\r\n\r\n'),
  };
}

/** A client that has its upgrade, and what it has read since. */
async function upgrade(t: Test, port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  t.teardown(() => socket.destroy());
  socket.write(
    'GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
      'Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n',
  );
  let answer = '';
  await new Promise<void>((resolve) => {
    socket.on('data', (bytes: Buffer) => {
      answer += bytes.toString('latin1');
      // The greeting of the server is behind its head.
      if (answer.includes('\r\n\r\n') && answer.length > answer.indexOf('\r\n\r\n') + 4) resolve();
    });
  });
  socket.removeAllListeners('data');
  return socket;
}

/** One that keeps to the rules: it is told, and goes. */
async function polite(child: Child): Promise<number> {
  const websocket = new WebSocket(`ws://127.0.0.1:${child.port}/chat`);
  await new Promise((resolve) => websocket.once('message', resolve));
  return new Promise((resolve) => websocket.once('close', resolve));
}

for (const deflate of [false, true]) {
  t.test(`broken frames at the Close${deflate ? ', compressed' : ''}`, async (t) => {
    const random = createRandom(seed);
    const child = await startChild(t, 'connections/websocket', { args: [{ options: short, deflate }] });
    const goodbye = polite(child);
    const sockets = await Promise.all(Array.from({ length: CLIENTS }, () => upgrade(t, child.port)));
    const sent: string[] = [];
    const ended = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    const kinds = Object.entries(shapes(random));
    for (const [index, socket] of sockets.entries()) {
      const [name, make] = kinds[index % kinds.length] ?? ['', () => Buffer.alloc(0)];
      const pieces = [make(), ...(random.chance(0.3) ? [random.pick(kinds)[1]()] : [])];
      const say = (): void => {
        sent.push(name);
        for (const piece of pieces) socket.write(piece);
        if (random.chance(0.2)) socket.end();
      };
      // With what the server says at the stop, farewell or Close; or before it, so that the drain begins behind it.
      if (random.chance(0.3)) say();
      else socket.once('data', say);
      socket.resume();
    }
    const late = ask(child.port, '/late');
    await child.line('request /late');
    const { code, signal, stderr, report, took } = await (await stop(child)).ended;
    t.match(await late, { status: 200, body: 'late' }, 'a request beside them is answered');
    t.equal(await goodbye, 1001, 'and a client that keeps to the rules is told');
    t.strictSame([code, signal, stderr], [0, null, '']);
    t.match(report, { clean: true, exitCode: 0, errors: [], requests: { cut: 0 } });
    t.ok(took < short.timeout, `it took ${took} ms`);
    await Promise.all(ended);
    t.ok(new Set(sent).size > kinds.length / 2, `${sent.length} clients sent ${new Set(sent).size} shapes`);
    t.ok(child.lines('refused').length > 0, `ws refused ${child.lines('refused').length}`);
  });
}
