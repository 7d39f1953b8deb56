import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Target } from '../network/target.ts';

/** A TCP or TLS connection to the server, opened when it is created. */
export interface ClientSocket {
  /** Writes as soon as the handshakes are over. Everything written in one turn leaves in one piece. */
  write(bytes: Buffer): void;
  /** Closes at once; no event follows. */
  destroy(): void;
  readonly localPort: number | undefined;
}

export interface ClientSocketEvents {
  /** The TCP handshake is over. */
  connected(): void;
  /** The TLS handshake is over, if there is one. */
  ready(): void;
  /** The buffer is used again for the next read: the bytes must be handled before this returns. */
  bytes(bytes: Buffer, length: number): void;
  /** The server sent a FIN. */
  ended(): void;
  failed(error: NodeJS.ErrnoException): void;
}

// One buffer for all connections: reads are handled at once and one at a time.
const received = Buffer.allocUnsafeSlow(65_536);

/** `handshakeDelay`: milliseconds from the TCP connection to the first byte of the TLS handshake. */
export function openSocket(target: Target, handshakeDelay: number, events: ClientSocketEvents): ClientSocket {
  const { host, port, path } = target;
  let unwritten: Buffer[] = [];
  let ready = false;
  let flushing = false;
  let destroyed = false;

  // A TLS connection reads from its TCP connection by itself.
  const onread = {
    buffer: received,
    callback: (length: number): boolean => {
      events.bytes(received, length);
      return true;
    },
  };
  // Half open, so that the connection can still be asked after its end (see `onEnd`).
  const options = { allowHalfOpen: true, ...(target.tls ? {} : { onread }) };
  const tcp = connectTcp(path === undefined ? { host, port, ...options } : { path, ...options });
  let socket: Socket = tcp;
  tcp.on('connect', onConnect);
  tcp.on('end', onEnd);
  tcp.on('error', onError);

  function onConnect(): void {
    events.connected();
    if (!target.tls) onReady();
    else if (handshakeDelay > 0) setTimeout(startTls, handshakeDelay);
    else startTls();
  }

  function startTls(): void {
    if (destroyed) return;
    socket = connectTls({ socket: tcp, rejectUnauthorized: false, servername: 'localhost' });
    // From here on the TLS socket reports the end.
    tcp.off('end', onEnd);
    socket.on('secureConnect', onReady);
    socket.on('data', (bytes: Buffer) => events.bytes(bytes, bytes.length));
    socket.on('end', onEnd);
    socket.on('error', onError);
  }

  function onReady(): void {
    ready = true;
    events.ready();
    flush();
  }

  function flush(): void {
    flushing = false;
    if (destroyed || unwritten.length === 0) return;
    socket.write(unwritten.length === 1 && unwritten[0] ? unwritten[0] : Buffer.concat(unwritten));
    unwritten = [];
  }

  /**
   * Where a reset arrives right behind bytes, libuv reports an end instead: POLLHUP and a partial read
   * (`uv__stream_io`; not in Node 24 and later). A write of nothing tells them apart, and sends nothing. EPIPE means
   * that the FIN was first: the peer of a Unix socket has closed it, or a RST followed the FIN.
   */
  function onEnd(): void {
    if (destroyed) return;
    tcp.write('', (error?: NodeJS.ErrnoException | null) => {
      if (error?.code === 'ECONNRESET') onError(error);
      else if (!destroyed) events.ended();
    });
  }

  function onError(error: NodeJS.ErrnoException): void {
    if (!destroyed) events.failed(error);
  }

  return {
    write(bytes) {
      unwritten.push(bytes);
      if (!ready || flushing) return;
      flushing = true;
      process.nextTick(flush);
    },
    destroy() {
      destroyed = true;
      socket.destroy();
      tcp.destroy();
    },
    get localPort() {
      return socket.localPort;
    },
  };
}
