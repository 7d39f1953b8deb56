import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { createChanges } from './changes.ts';
import { parseResponse, type Response } from './response.ts';

/** A client that sends exactly the bytes that the test gives it, and when the test does. */
export interface Client {
  readonly write: (data: string | Buffer) => void;
  /** Takes the next response. Rejects if the connection ends without one. */
  readonly response: (options?: { head?: boolean }) => Promise<Response>;
  /** Resolves when as many bytes have come that no response took. */
  readonly received: (bytes: number) => Promise<string>;
  /** Waits until the server has ended its half. */
  readonly ended: () => Promise<Ending>;
  /** Waits until both halves are ended; the client's is as soon as the server's is, unless it `keepsOpen`. */
  readonly closed: () => Promise<Ending>;
  readonly hasEnded: () => boolean;
  /** Ends the client's half. */
  readonly end: () => void;
  /** Closes with RST. */
  readonly reset: () => void;
  readonly pause: () => void;
  readonly resume: () => void;
}

export interface Ending {
  /** `fin`, or the code of the error: ECONNRESET, EPIPE; both where the error came after the FIN. */
  readonly how: string;
  /** What came and was taken by no response. */
  readonly rest: string;
}

export interface ClientOptions {
  readonly port: number;
  readonly tls: boolean;
  /** A connection that does not read a byte until `resume`. */
  readonly paused?: boolean;
  /** Where it comes from, if not from the loopback interface. */
  readonly localAddress?: string;
  /** Never answers the server's FIN. */
  readonly keepsOpen?: boolean;
}

export function connectClient(options: ClientOptions): Promise<Client> {
  const { port, tls, paused, localAddress } = options;
  const from = localAddress === undefined ? {} : { localAddress };
  const tcp = connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true, ...from });
  if (paused && !tls) tcp.pause();
  return new Promise((resolve, reject) => {
    const ready = (socket: Socket): void => {
      tcp.off('error', reject);
      resolve(followSocket(socket, tcp, options));
    };
    tcp.once('error', reject);
    if (!tls) {
      tcp.once('connect', () => ready(tcp));
      return;
    }
    const secureOptions = {
      socket: tcp,
      allowHalfOpen: true,
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
    };
    const secure = connectTls(secureOptions, () => ready(secure));
    secure.once('error', reject);
  });
}

function followSocket(socket: Socket, tcp: Socket, { paused, keepsOpen }: ClientOptions): Client {
  let chunks: Buffer[] = [];
  let length = 0;
  let how: string | undefined;
  let closed = false;

  const text = (): string => {
    chunks = [Buffer.concat(chunks)];
    return chunks[0]?.toString('latin1') ?? '';
  };
  const take = (bytes: number): void => {
    chunks = [Buffer.concat(chunks).subarray(bytes)];
    length -= bytes;
  };
  const changes = createChanges(
    () => `${how ?? 'open'}, ${length} bytes: ${JSON.stringify(text().slice(0, 300))}`,
  );
  const finish = (ending: string): void => {
    how = how === undefined ? ending : `${how}, ${ending}`;
    changes.notify();
  };
  const ending = (): Ending => ({ how: how ?? 'closed by the client', rest: text() });
  const hasEnded = (): boolean => how !== undefined || closed;

  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
    changes.notify();
  });
  socket.on('end', () => {
    finish('fin');
    if (!keepsOpen) socket.end();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
  socket.on('close', () => {
    closed = true;
    changes.notify();
  });
  if (paused) socket.pause();

  return {
    write: (data) => socket.write(data),
    response: ({ head = false } = {}) => {
      let needed = 1;
      const look = (): Response | undefined => {
        if (length < needed) return undefined;
        const parsed = parseResponse(text(), head, hasEnded());
        if (typeof parsed === 'number') needed = parsed;
        if (typeof parsed !== 'object') return undefined;
        take(parsed.length);
        return parsed.response;
      };
      return changes.until('a response', look, hasEnded);
    },
    received: (bytes) =>
      changes.until(`${bytes} bytes`, () => (length >= bytes ? text() : undefined), hasEnded),
    ended: () => changes.until('the end', () => (hasEnded() ? ending() : undefined), hasEnded),
    closed: () =>
      changes.until(
        'the close',
        () => (closed ? ending() : undefined),
        () => closed,
      ),
    hasEnded,
    end: () => socket.end(),
    reset: () => tcp.resetAndDestroy(),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  };
}
