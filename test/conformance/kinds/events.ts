import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { get as getHttps } from 'node:https';
import type { Test } from 'tap';
import {
  clean,
  halves,
  late,
  NOT_CLEAN,
  options,
  short,
  type StartServer,
  stop,
} from '../../helpers/shutdown.ts';

/** Resolves with the body, or with the code of the error that ended it. */
function stream(secure: boolean, port: number, path: string): Promise<string> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void => resolve(error.code ?? error.message);
    const where = { host: '127.0.0.1', port, path, agent: false as const };
    const read = async (response: IncomingMessage): Promise<void> => {
      let body = '';
      response.on('error', failed);
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      await once(response, 'end');
      resolve(body);
    };
    const onResponse = (response: IncomingMessage): void => void read(response).catch(failed);
    const request = secure
      ? getHttps({ ...where, rejectUnauthorized: false }, onResponse)
      : get(where, onResponse);
    request.on('error', failed);
  });
}

/** Responses that have no end of their own. */
export function testEvents(t: Test, start: StartServer, kind: 'http' | 'https'): void {
  const secure = kind === 'https';

  t.test(
    `${kind}: an event stream is ended at half of the drain, though the application goes on`,
    async (t) => {
      const child = await start(t, { kind, options: halves });
      const events = stream(secure, child.port, '/events');
      await child.line('request /events');
      const { ended } = await stop(child);
      t.match(await events, /^(data: tick\n\n){3,}$/, 'whole events only');
      const result = await ended;
      t.match(result, {
        ...clean,
        report: { ...clean.report, connections: { answered: 1 }, requests: { inFlight: 1, served: 1 } },
      });
      t.ok(result.took >= 2_990, `${result.took} ms`);
    },
  );

  t.test(`${kind}: one that the application ends on coordinator.signal ends at once`, async (t) => {
    const child = await start(t, { kind, options });
    const events = stream(secure, child.port, '/own-events');
    await child.line('request /own-events');
    const { ended } = await stop(child);
    t.match(await events, /data: bye\n\n$/);
    const result = await ended;
    t.match(result, clean);
  });

  t.test(`${kind}: an endless response that is none is cut at the deadline, and named`, async (t) => {
    const child = await start(t, { kind, options: short });
    const endless = stream(secure, child.port, '/endless');
    await child.line('request /endless');
    const { ended } = await stop(child);
    t.equal(await endless, 'ECONNRESET');
    const result = await ended;
    t.match(result, {
      code: 1,
      signal: null,
      stderr: NOT_CLEAN,
      report: {
        connections: { cut: [{ kind: 'request', name: /^GET \/endless, \d+\.\d s$/, lost: true }] },
        requests: { inFlight: 1, served: 0, cut: 1 },
      },
    });
    t.match(child.lines('waiting')[0], /^\["GET \/endless, \d\.\d s"/);
    t.ok(result.took < late, `${result.took} ms`);
  });
}
