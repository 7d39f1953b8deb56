import type { Socket } from 'node:net';

/** How long a connection stays after our FIN while the peer sends nothing, in milliseconds. */
const LINGER = 1_000;

type Listener = (...args: unknown[]) => void;

/**
 * Ends a connection so that the peer gets everything that was written: FIN, then read and drop what still comes
 * until the peer ends too, or has been silent for a second.
 *
 * `socket.end()` alone leaves the HTTP parser on: a request that crosses the FIN would be executed and its answer
 * dropped. `socket.destroySoon()` closes with unread bytes, so the kernel sends RST, and that takes back a response
 * the peer has not read yet (RFC 9112, section 9.6).
 */
export function linger(socket: Socket): void {
  if (socket.destroyed) return;
  let heard = 0;
  const timer = setTimeout(() => {
    const before = heard;
    // After the poll: where the loop is late, what came in time waits in the kernel.
    setImmediate(() => {
      // A slow reader gets what was written: the second of silence begins when the FIN is out.
      if (heard === before && socket.writableFinished) socket.destroy();
      else if (!socket.destroyed) timer.refresh();
    });
  }, LINGER);
  const others = { data: socket.listeners('data'), end: socket.listeners('end') };
  // Through the socket's own `on`, which http replaced: a `data` listener takes the parser off the handle.
  socket.on('data', () => {
    heard += 1;
    timer.refresh();
  });
  for (const listener of others.data) socket.off('data', listener as Listener);
  for (const listener of others.end) socket.off('end', listener as Listener);
  socket.once('end', destroyWhenFlushed);
  socket.once('close', () => {
    clearTimeout(timer);
  });
  if (socket.readableEnded) destroyWhenFlushed.call(socket);
  socket.end();
  socket.resume();
}

function destroyWhenFlushed(this: Socket): void {
  if (this.writableFinished) this.destroy();
  else this.once('finish', () => this.destroy());
}
