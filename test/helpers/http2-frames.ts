// An HTTP/2 client that does what a real one must not, or only does by accident of timing.
import { once } from 'node:events';
import { connect } from 'node:net';

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export const types = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7 } as const;

const END_STREAM = 1;
const END_HEADERS = 4;
const ACK = 1;

export interface FrameClient {
  /** Every frame that has come. */
  readonly frames: readonly Frame[];
  /** The n-th frame of a type, once it is there; undefined if the connection ends without. */
  readonly frame: (type: number, nth?: number) => Promise<Frame | undefined>;
  readonly count: (type: number) => number;
  readonly send: (type: number, flags: number, stream: number, payload?: Buffer) => void;
  readonly get: (stream: number, path: string) => void;
  readonly acknowledge: (ping: Frame) => void;
  readonly ended: Promise<unknown>;
  readonly destroy: () => void;
}

/** Connects, sends the preface and answers SETTINGS; everything else is for the test to send. */
export async function openFrames(port: number, localAddress?: string): Promise<FrameClient> {
  const from = localAddress === undefined ? {} : { localAddress };
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, ...from });
  socket.on('error', () => {});
  const frames: Frame[] = [];
  const waiting = new Set<() => void>();
  const ended = new Promise<void>((resolve) => {
    for (const event of ['end', 'close']) socket.on(event, () => resolve());
  });
  let rest: Buffer = Buffer.alloc(0);

  const send: FrameClient['send'] = (type, flags, stream, payload = Buffer.alloc(0)) => {
    const head = Buffer.alloc(9);
    head.writeUIntBE(payload.length, 0, 3);
    head.writeUInt8(type, 3);
    head.writeUInt8(flags, 4);
    head.writeUInt32BE(stream, 5);
    socket.write(Buffer.concat([head, payload]));
  };

  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      const length = rest.readUIntBE(0, 3);
      const [type = 0, flags = 0] = rest.subarray(3, 5);
      const stream = rest.readUInt32BE(5);
      frames.push({ type, flags, stream, payload: rest.subarray(9, 9 + length) });
      rest = rest.subarray(9 + length);
      if (type === types.settings && (flags & ACK) === 0) send(types.settings, ACK, 0);
    }
    for (const look of waiting) look();
  });
  await once(socket, 'connect');
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  send(types.settings, 0, 0);

  return {
    frames,
    frame: async (type, nth = 1) => {
      const found = (): Frame | undefined => frames.filter((frame) => frame.type === type)[nth - 1];
      const come = new Promise<void>((resolve) => {
        const look = (): void => {
          if (found() !== undefined) resolve();
        };
        waiting.add(look);
        look();
      });
      await Promise.race([come, ended]);
      return found();
    },
    count: (type) => frames.filter((frame) => frame.type === type).length,
    send,
    get: (stream, path) => {
      // HPACK: `GET` and `http` from the static table, authority and path as plain literals.
      const literal = (index: number, text: string): Buffer =>
        Buffer.concat([Buffer.from([0x40 | index, text.length]), Buffer.from(text)]);
      const head = Buffer.concat([Buffer.from([0x82, 0x86]), literal(1, 'localhost'), literal(4, path)]);
      send(types.headers, END_STREAM | END_HEADERS, stream, head);
    },
    acknowledge: (ping) => send(types.ping, ACK, 0, ping.payload),
    ended,
    destroy: () => socket.destroy(),
  };
}

export const lastStream = (goaway: Frame | undefined): number | undefined => goaway?.payload.readUInt32BE(0);
