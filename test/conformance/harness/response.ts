/** One HTTP/1 response as it came over the wire. */
export interface Response {
  readonly status: number;
  /** The status line and the headers, byte for byte. */
  readonly head: string;
  /** Names in lower case, in the order they came. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  readonly trailers: readonly string[];
}

interface Parsed {
  readonly response: Response;
  /** Bytes that it took. */
  readonly length: number;
}

interface Body {
  readonly body: string;
  readonly end: number;
  readonly trailers: readonly string[];
}

/** The values of each header of this name. */
export function values({ headers }: Response, name: string): string[] {
  return headers.filter(([each]) => each === name).map(([, value]) => value);
}

/**
 * Takes the first response off `text` (one character for each byte). Returns undefined, or the length known to be
 * needed, where it is not complete.
 *
 * @param bodiless - whether the request was a HEAD
 * @param ended - whether nothing more will come
 */
export function parseResponse(text: string, bodiless: boolean, ended: boolean): Parsed | number | undefined {
  const headEnd = text.indexOf('\r\n\r\n') + 4;
  if (headEnd === 3) return undefined;
  const head = text.slice(0, headEnd);
  const [statusLine = '', ...lines] = head.slice(0, -4).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]);
  if (Number.isNaN(status)) throw new Error(`not a status line: ${JSON.stringify(statusLine)}`);
  const headers = lines.map(parseHeader);
  const partial = { status, head, headers, body: '', trailers: [] };
  if (bodiless || status < 200 || status === 204 || status === 304) {
    return { response: partial, length: headEnd };
  }
  const body = readBody(text, headEnd, partial, ended);
  if (body === undefined || typeof body === 'number') return body;
  return { response: { ...partial, body: body.body, trailers: body.trailers }, length: body.end };
}

function readBody(
  text: string,
  start: number,
  response: Response,
  ended: boolean,
): Body | number | undefined {
  const [length] = values(response, 'content-length');
  if (length !== undefined) {
    const end = start + Number(length);
    return text.length < end ? end : { body: text.slice(start, end), end, trailers: [] };
  }
  if (values(response, 'transfer-encoding').includes('chunked')) return readChunks(text, start);
  return ended ? { body: text.slice(start), end: text.length, trailers: [] } : undefined;
}

function readChunks(text: string, start: number): Body | undefined {
  let body = '';
  let position = start;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', position);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(text.slice(position, lineEnd), 16);
    if (Number.isNaN(size)) throw new Error(`not a chunk: ${JSON.stringify(text.slice(position, lineEnd))}`);
    if (size === 0) {
      const end = text.indexOf('\r\n\r\n', lineEnd);
      if (end < 0) return undefined;
      const trailers = text
        .slice(lineEnd + 2, end + 2)
        .split('\r\n')
        .slice(0, -1);
      return { body, end: end + 4, trailers };
    }
    position = lineEnd + 2 + size + 2;
    if (text.length < position) return undefined;
    body += text.slice(lineEnd + 2, position - 2);
  }
}

function parseHeader(line: string): readonly [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}
