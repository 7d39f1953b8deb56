import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Bytes that came from the peer so far; of a stream that does not count them, 1 where any came. */
export function received(stream: Duplex): number {
  const { bytesRead } = stream as Partial<Socket>;
  return typeof bytesRead === 'number' ? bytesRead : Number(stream.readableDidRead);
}
