/** What the head of an HTTP/1 response says about the rest. */
export interface ResponseHead {
  readonly status: number;
  /** Whether the server lets the connection be used again. */
  readonly keepAlive: boolean;
  /** Bytes of the body, or how else its end is known: chunks, or the end of the connection (RFC 9112, 6.3). */
  readonly body: number | 'chunked' | 'until-end';
}

const statusLine = /^HTTP\/1\.([01]) (\d{3})(?: |\r|$)/;
const contentLength = /\r\ncontent-length:[ \t]*(\d+)[ \t]*(?:\r|$)/i;
const chunked = /\r\ntransfer-encoding:.*\bchunked[ \t]*(?:\r|$)/i;
const connectionClose = /\r\nconnection:.*\bclose\b/i;
const connectionKeepAlive = /\r\nconnection:.*\bkeep-alive\b/i;

/** Reads a head, without the empty line that ends it. Undefined for anything that is not HTTP/1. */
export function parseHead(head: string): ResponseHead | undefined {
  const [, minor, code] = statusLine.exec(head) ?? [];
  if (code === undefined) return undefined;
  const status = Number(code);
  const keepAlive = minor === '1' ? !connectionClose.test(head) : connectionKeepAlive.test(head);
  if (status < 200 || status === 204 || status === 304) return { status, keepAlive, body: 0 };
  if (chunked.test(head)) return { status, keepAlive, body: 'chunked' };
  const length = contentLength.exec(head)?.[1];
  if (length === undefined) return { status, keepAlive: false, body: 'until-end' };
  return { status, keepAlive, body: Number(length) };
}
