import { parseHead } from './response-head.ts';

/** Reads HTTP/1 responses off one connection, one after the other, and keeps nothing of their bodies. */
export interface ResponseReader {
  /** Takes the bytes from `from` up to `to`; returns where the response ended, `to` while it has not. */
  read(bytes: Buffer, from: number, to: number): number;
  /** The server ended the connection, which completes a response that has no other end. */
  end(): void;
  /** Forgets the response, for the next one on the connection. */
  reset(): void;
  readonly complete: boolean;
  /** This is not HTTP/1. Nothing more is read. */
  readonly malformed: boolean;
  /** Status code, 0 while not known. Interim responses do not count. */
  readonly status: number;
  /** Whether the server lets the connection be used again. */
  readonly keepAlive: boolean;
}

type State =
  | 'head'
  | 'body'
  | 'body-until-end'
  | 'chunk-size'
  | 'chunk'
  | 'chunk-end'
  | 'trailers'
  | 'complete'
  | 'malformed';

const LONGEST_HEAD_BYTES = 65_536;
const LONGEST_LINE_BYTES = 4_096;
const LINE_FEED = 10;
const SWITCHING_PROTOCOLS = 101;

const chunkSize = /^[\da-f]+(?=[ \t]*(?:;|$))/i;

export function createResponseReader(): ResponseReader {
  return new Reader();
}

class Reader implements ResponseReader {
  status = 0;
  keepAlive = false;
  #state: State = 'head';
  #text = '';
  #remaining = 0;

  get complete(): boolean {
    return this.#state === 'complete';
  }

  get malformed(): boolean {
    return this.#state === 'malformed';
  }

  read(bytes: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to && !this.complete && !this.malformed) at = this.#step(bytes, at, to);
    return at;
  }

  end(): void {
    if (this.#state === 'body-until-end') this.#state = 'complete';
  }

  reset(): void {
    this.#state = 'head';
    this.status = 0;
    this.#text = '';
  }

  #step(bytes: Buffer, from: number, to: number): number {
    const state = this.#state;
    if (state === 'head') return this.#readHead(bytes, from, to);
    if (state === 'body') return this.#skip(from, to, 'complete');
    if (state === 'chunk') return this.#skip(from, to, 'chunk-end');
    if (state === 'body-until-end') return to;
    return this.#readLine(bytes, from, to);
  }

  #readHead(bytes: Buffer, from: number, to: number): number {
    const before = this.#text.length;
    this.#text += bytes.toString('latin1', from, to);
    const end = this.#text.indexOf('\r\n\r\n', Math.max(0, before - 3));
    if (end === -1) {
      const tooLong = this.#text.length > LONGEST_HEAD_BYTES;
      if (tooLong || !'HTTP/1.'.startsWith(this.#text.slice(0, 7))) this.#state = 'malformed';
      return to;
    }
    this.#takeHead(this.#text.slice(0, end));
    this.#text = '';
    return from + end + 4 - before;
  }

  #takeHead(text: string): void {
    const head = parseHead(text);
    if (!head) {
      this.#state = 'malformed';
      return;
    }
    // An interim response: the final one follows.
    if (head.status < 200 && head.status !== SWITCHING_PROTOCOLS) return;
    const { body } = head;
    this.status = head.status;
    this.keepAlive = head.keepAlive;
    if (body === 'chunked') this.#state = 'chunk-size';
    else if (body === 'until-end') this.#state = 'body-until-end';
    else this.#state = body === 0 ? 'complete' : 'body';
    this.#remaining = typeof body === 'number' ? body : 0;
  }

  #skip(from: number, to: number, next: State): number {
    const taken = Math.min(this.#remaining, to - from);
    this.#remaining -= taken;
    if (this.#remaining === 0) this.#state = next;
    return from + taken;
  }

  #readLine(bytes: Buffer, from: number, to: number): number {
    const feed = bytes.subarray(from, to).indexOf(LINE_FEED);
    this.#text += bytes.toString('latin1', from, feed === -1 ? to : from + feed);
    if (feed === -1) {
      if (this.#text.length > LONGEST_LINE_BYTES) this.#state = 'malformed';
      return to;
    }
    this.#takeLine(this.#text.endsWith('\r') ? this.#text.slice(0, -1) : this.#text);
    this.#text = '';
    return from + feed + 1;
  }

  #takeLine(line: string): void {
    if (this.#state === 'trailers') {
      if (line === '') this.#state = 'complete';
      return;
    }
    if (this.#state === 'chunk-end') {
      this.#state = line === '' ? 'chunk-size' : 'malformed';
      return;
    }
    const size = chunkSize.exec(line)?.[0];
    if (size === undefined) {
      this.#state = 'malformed';
      return;
    }
    this.#remaining = Number.parseInt(size, 16);
    this.#state = this.#remaining === 0 ? 'trailers' : 'chunk';
  }
}
