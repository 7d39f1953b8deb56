import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';

export interface Http2Answer {
  readonly status: number | undefined;
  readonly body: string;
  readonly trailers: Readonly<Record<string, unknown>> | undefined;
}

export interface Http2Client {
  readonly session: ClientHttp2Session;
  readonly closed: Promise<void>;
  /** Resolves with the answer, or with why there is none: an error's code, `refused`, or `stream error <n>`. */
  readonly ask: (path: string, upload?: (stream: ClientHttp2Stream) => void) => Promise<Http2Answer | string>;
  /** Resolves when the server has answered our SETTINGS. */
  readonly ready: Promise<void>;
}

export function connectHttp2(port: number, secure: boolean): Http2Client {
  const session = connect(`${secure ? 'https' : 'http'}://127.0.0.1:${port}`, {
    rejectUnauthorized: false,
  });
  const closed = new Promise<void>((resolve) => session.on('close', () => resolve()));
  const ready = new Promise<void>((resolve) => session.once('localSettings', () => resolve()));
  session.on('error', () => {});
  const ask: Http2Client['ask'] = (path, upload) =>
    new Promise((resolve) => {
      let stream: ClientHttp2Stream;
      try {
        stream = session.request({ ':path': path, ':method': upload ? 'POST' : 'GET' });
      } catch (error) {
        resolve((error as NodeJS.ErrnoException).code ?? 'unknown');
        return;
      }
      let status: number | undefined;
      let body = '';
      let ended = false;
      let trailers: Record<string, unknown> | undefined;
      let failure: string | undefined;
      stream.on('response', (headers) => (status = headers[':status']));
      stream.on('trailers', (headers) => (trailers = { ...headers }));
      stream.setEncoding('utf8').on('data', (text: string) => (body += text));
      stream.on('end', () => (ended = true));
      stream.on('aborted', () => (failure ??= 'aborted'));
      stream.on('error', (error: NodeJS.ErrnoException) => (failure ??= error.code ?? error.message));
      stream.on('close', () => {
        const { rstCode } = stream;
        if (rstCode === constants.NGHTTP2_REFUSED_STREAM) resolve('refused');
        else if (failure !== undefined) resolve(failure);
        else if (rstCode !== 0 || !ended) resolve(`stream error ${rstCode}`);
        else resolve({ status, body, trailers });
      });
      if (upload) upload(stream);
      else stream.end();
    });
  return { session, closed, ask, ready };
}
