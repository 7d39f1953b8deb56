import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { now } from '../measure/attempt.ts';
import { createResponseReader } from './response-reader.ts';
import type { Target } from '../network/target.ts';

export interface Answer {
  readonly status: number;
  /** Whether another request could follow. */
  readonly keepAlive: boolean;
  /** Milliseconds from the first write until the answer was complete. */
  readonly time: number;
}

export interface Asked {
  /** The complete answers. */
  readonly answers: readonly Answer[];
  /** The first 64 KiB that arrived. */
  readonly text: string;
  /** Number of pieces that had been written when the first byte arrived. */
  readonly piecesBefore: number;
}

export interface AskOptions {
  /** Pieces that are written one after the other, `pause` milliseconds apart. */
  readonly pieces: readonly Buffer[];
  readonly pause?: number;
  /** Number of answers to wait for. */
  readonly expect?: number;
  /** Ends the wait early. */
  readonly until?: (text: string) => boolean;
  readonly timeout: number;
}

const MAX_TEXT_BYTES = 65_536;

/** Sends one or more requests on a new connection and collects the answers. Never rejects. */
export function ask(target: Target, options: AskOptions): Promise<Asked> {
  const { pieces, pause = 0, expect = 1, until, timeout } = options;
  const { host, port, path } = target;
  const address = path === undefined ? { host, port } : { path };
  return new Promise((resolve) => {
    const reader = createResponseReader();
    const answers: Answer[] = [];
    const timers: NodeJS.Timeout[] = [];
    let text = '';
    let startedAt = now();
    let written = 0;
    let piecesBefore = 0;

    const socket = target.tls
      ? connectTls({ ...address, rejectUnauthorized: false, servername: 'localhost' })
      : connectTcp(address);
    timers.push(setTimeout(settle, timeout));
    socket.once(target.tls ? 'secureConnect' : 'connect', () => {
      startedAt = now();
      pieces.forEach((piece, index) => {
        // Bytes that arrived while this process was late are read first.
        timers.push(setTimeout(() => setImmediate(write, piece), index * pause));
      });
    });
    socket.on('data', (bytes: Buffer) => {
      if (text === '') piecesBefore = written;
      if (text.length < MAX_TEXT_BYTES) text += bytes.toString('latin1');
      for (let at = 0; at < bytes.length && !reader.malformed;) {
        at = reader.read(bytes, at, bytes.length);
        take();
      }
      if (answers.length >= expect || until?.(text) || reader.malformed) settle();
    });
    socket.once('end', () => {
      reader.end();
      take();
      settle();
    });
    socket.on('error', settle);

    function write(piece: Buffer): void {
      written += 1;
      if (!socket.destroyed) socket.write(piece);
    }

    function take(): void {
      if (!reader.complete) return;
      answers.push({ status: reader.status, keepAlive: reader.keepAlive, time: now() - startedAt });
      reader.reset();
    }

    function settle(): void {
      for (const timer of timers) clearTimeout(timer);
      socket.destroy();
      resolve({ answers, text, piecesBefore });
    }
  });
}
