import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Bytes from the peer so far; 1 or 0 of a stream that does not count them. */
export function received(stream: Duplex): number {
  const { bytesRead } = stream as Partial<Socket>;
  return typeof bytesRead === 'number' ? bytesRead : Number(stream.readableDidRead);
}
