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

const LONGEST_HEAD = 65_536;
const LONGEST_LINE = 4_096;
const LINE_FEED = 10;

const statusLine = /^HTTP\/1\.([01]) (\d{3})(?: |\r|$)/;
const contentLength = /\r\ncontent-length:[ \t]*(\d+)[ \t]*(?:\r|$)/i;
const chunked = /\r\ntransfer-encoding:.*\bchunked[ \t]*(?:\r|$)/i;
const connectionClose = /\r\nconnection:.*\bclose\b/i;
const connectionKeepAlive = /\r\nconnection:.*\bkeep-alive\b/i;
const chunkSize = /^[\da-f]+(?=[ \t]*(?:;|$))/i;

export function createResponseReader(): ResponseReader {
  let state: State = 'head';
  let status = 0;
  let keepAlive = false;
  let text = '';
  let remaining = 0;

  function readHead(bytes: Buffer, from: number, to: number): number {
    const before = text.length;
    text += bytes.toString('latin1', from, to);
    const end = text.indexOf('\r\n\r\n', Math.max(0, before - 3));
    if (end === -1) {
      if (text.length > LONGEST_HEAD || !'HTTP/1.'.startsWith(text.slice(0, 7))) state = 'malformed';
      return to;
    }
    takeHead(text.slice(0, end));
    text = '';
    return from + end + 4 - before;
  }

  function takeHead(head: string): void {
    const [, minor, code] = statusLine.exec(head) ?? [];
    if (code === undefined) {
      state = 'malformed';
      return;
    }
    if (code.startsWith('1') && code !== '101') return;
    status = Number(code);
    keepAlive = minor === '1' ? !connectionClose.test(head) : connectionKeepAlive.test(head);
    if (status === 101 || status === 204 || status === 304) {
      state = 'complete';
    } else if (chunked.test(head)) {
      state = 'chunk-size';
    } else {
      const length = contentLength.exec(head)?.[1];
      if (length === undefined) keepAlive = false;
      remaining = Number(length ?? 0);
      state = length === undefined ? 'body-until-end' : remaining === 0 ? 'complete' : 'body';
    }
  }

  function skip(from: number, to: number, next: State): number {
    const taken = Math.min(remaining, to - from);
    remaining -= taken;
    if (remaining === 0) state = next;
    return from + taken;
  }

  function readLine(bytes: Buffer, from: number, to: number): number {
    const feed = bytes.subarray(from, to).indexOf(LINE_FEED);
    text += bytes.toString('latin1', from, feed === -1 ? to : from + feed);
    if (feed === -1) {
      if (text.length > LONGEST_LINE) state = 'malformed';
      return to;
    }
    takeLine(text.endsWith('\r') ? text.slice(0, -1) : text);
    text = '';
    return from + feed + 1;
  }

  function takeLine(line: string): void {
    if (state === 'trailers') {
      if (line === '') state = 'complete';
      return;
    }
    if (state === 'chunk-end') {
      state = line === '' ? 'chunk-size' : 'malformed';
      return;
    }
    const size = chunkSize.exec(line)?.[0];
    if (size === undefined) {
      state = 'malformed';
      return;
    }
    remaining = Number.parseInt(size, 16);
    state = remaining === 0 ? 'trailers' : 'chunk';
  }

  function step(bytes: Buffer, from: number, to: number): number {
    if (state === 'head') return readHead(bytes, from, to);
    if (state === 'body') return skip(from, to, 'complete');
    if (state === 'chunk') return skip(from, to, 'chunk-end');
    if (state === 'body-until-end') return to;
    return readLine(bytes, from, to);
  }

  const reading = (): boolean => state !== 'complete' && state !== 'malformed';

  return {
    read(bytes, from, to) {
      let at = from;
      while (at < to && reading()) at = step(bytes, at, to);
      return at;
    },
    end() {
      if (state === 'body-until-end') state = 'complete';
    },
    reset() {
      state = 'head';
      status = 0;
      text = '';
    },
    get complete() {
      return state === 'complete';
    },
    get malformed() {
      return state === 'malformed';
    },
    get status() {
      return status;
    },
    get keepAlive() {
      return keepAlive;
    },
  };
}
