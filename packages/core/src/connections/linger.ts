import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { clearTimeout, setImmediate, setTimeout } from '../clock.ts';
import { received } from './received.ts';

/**
 * How long a connection stays after our FIN while the peer sends nothing, in milliseconds. What crosses the FIN arrives
 * within a round trip, or later by the peer's retransmission timer where its packet was lost: 200 ms on Linux, 1 s by
 * RFC 6298. After a close the kernel answers it with RST. A peer that does not look at its idle connections, as
 * Apache's pool of them, leaves the FIN unanswered, and this is how much longer a stop takes behind it.
 */
export const LINGER_MS = 1_000;

type Listener = (...args: unknown[]) => void;

export interface LingerOptions {
  /** A request that is answered, but whose body is still on its way: the application gets all of it. */
  readonly upload?: IncomingMessage | undefined;
  /** What the peer still sends does not matter: it stays for `LINGER_MS` at most once everything is written. */
  readonly deaf?: boolean;
}

/**
 * Ends a connection so that the peer gets everything that was written: FIN, then read and drop what still arrives
 * until the peer ends too, or has been silent for a second.
 *
 * `socket.end()` alone leaves the HTTP parser on: a request that crosses the FIN would be executed and its answer
 * dropped. `socket.destroySoon()` closes with unread bytes, so the kernel sends RST, and that takes back a response
 * the peer has not read yet (RFC 9112, section 9.6).
 */
export function linger(socket: Socket, { upload, deaf = false }: LingerOptions = {}): void {
  if (socket.destroyed) return;
  let dropped = 0;
  // What a stream does not count, `dropRest` does.
  const count = (): number => received(socket) + dropped;
  let heard = count();

  function look(): void {
    if (socket.destroyed || !socket.writableFinished) return;
    if (deaf || count() === heard) {
      socket.destroy();
      return;
    }
    heard = count();
    timer.refresh();
  }

  const drop = (): void => {
    dropRest(socket, (chunk) => {
      dropped += chunk.length;
    });
  };

  // After the poll: where the loop is late, what came in time waits in the kernel.
  const timer = setTimeout(() => setImmediate(look), LINGER_MS);
  // A slow reader gets what was written: the second of silence begins when the FIN is out.
  socket.once('finish', () => timer.refresh());
  socket.once('close', () => clearTimeout(timer));
  socket.once('end', destroyWhenFlushed);
  if (socket.readableEnded) destroyWhenFlushed.call(socket);
  socket.end();
  if (upload === undefined || upload.complete || upload.destroyed) drop();
  else upload.once('close', drop);
}

function dropRest(socket: Socket, dropped: (chunk: Buffer) => void): void {
  const others = { data: socket.listeners('data'), end: socket.listeners('end') };
  // Through the socket's own `on`, which http replaced: a `data` listener takes the parser off the handle.
  socket.on('data', dropped);
  for (const listener of others.data) socket.off('data', listener as Listener);
  for (const listener of others.end) {
    if (listener !== destroyWhenFlushed) socket.off('end', listener as Listener);
  }
  // Where a body came faster than it was read, http has stopped the handle, and the stream does not know of it. Then
  // this makes it read again.
  socket.push('');
  socket.resume();
}

function destroyWhenFlushed(this: Socket): void {
  if (this.writableFinished) this.destroy();
  else this.once('finish', () => this.destroy());
}
