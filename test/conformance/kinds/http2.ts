import type { ClientHttp2Stream } from 'node:http2';
import type { Test } from 'tap';
import type { Kind } from '../../fixtures/connections/server.ts';
import { askHttps } from '../../helpers/https-client.ts';
import { connectHttp2 } from '../../helpers/http2-client.ts';
import {
  clean,
  halves,
  late,
  NOT_CLEAN,
  options,
  short,
  sleep,
  type StartServer,
  stop,
} from '../../helpers/shutdown.ts';

/** What a client may send again elsewhere, since it was not processed. */
const retryable = new Set(['refused', 'ERR_HTTP2_GOAWAY_SESSION', 'ERR_HTTP2_INVALID_SESSION']);

/** Sessions of a client that keeps to the protocol, over TLS, cleartext, and beside HTTP/1. */
export function testHttp2(t: Test, start: StartServer, kind: Kind): void {
  const setup = { kind, options };
  const secure = kind !== 'h2c';

  t.test(`${kind}: 100 streams in flight are answered`, async (t) => {
    const child = await start(t, setup);
    const client = connectHttp2(child.port, secure);
    const answers = Array.from({ length: 100 }, (_, index) => client.ask(`/hold?${index}`));
    await child.line('request /hold?99');
    const { ended } = await stop(child);
    await sleep(100);
    child.kill('SIGUSR2');
    for (const answer of await Promise.all(answers)) t.match(answer, { status: 200, body: 'held' });
    await client.closed;
    t.match(await ended, {
      ...clean,
      report: {
        ...clean.report,
        connections: { open: 1, answered: 1, idle: 0, gone: 0 },
        requests: { inFlight: 100, served: 100 },
      },
    });
  });

  t.test(`${kind}: a stream opened after the signal is answered, or may be retried`, async (t) => {
    const child = await start(t, setup);
    const client = connectHttp2(child.port, secure);
    const held = client.ask('/hold');
    await child.line('request /hold');
    const stopping = stop(child);
    const late: ReturnType<typeof client.ask>[] = [];
    for (const end = performance.now() + 300; performance.now() < end; await sleep(1)) {
      late.push(client.ask('/late'));
    }
    const { ended } = await stopping;
    child.kill('SIGUSR2');
    t.match(await held, { status: 200, body: 'held' });
    const outcomes = await Promise.all(late);
    const answered = outcomes.filter((outcome) => typeof outcome === 'object').length;
    const odd = outcomes.filter((outcome) => typeof outcome === 'string' && !retryable.has(outcome));
    t.same(odd, [], `${answered} of ${late.length} answered, the others may be retried`);
    const result = await ended;
    t.match(result, clean);
    t.equal(result.answered, answered + 1, 'the server answered what the client saw answered');
  });

  t.test(`${kind}: an idle session is closed`, async (t) => {
    const child = await start(t, setup);
    const client = connectHttp2(child.port, secure);
    await client.ask('/');
    const { ended } = await stop(child);
    await client.closed;
    t.match(await ended, { ...clean, report: { ...clean.report, connections: { open: 1, gone: 0 } } });
  });

  t.test(`${kind}: a session that begins with the drain has its first streams answered`, async (t) => {
    const child = await start(t, setup);
    const client = connectHttp2(child.port, secure);
    const answers = [client.ask('/late'), client.ask('/late')];
    await child.line('connection');
    const { ended } = await stop(child);
    for (const answer of await Promise.all(answers)) t.match(answer, { status: 200, body: 'late' });
    t.match(await ended, { ...clean, report: { ...clean.report, requests: { served: 2 } } });
  });

  t.test(`${kind}: an upload in flight is finished, trailers arrive`, async (t) => {
    const child = await start(t, setup);
    const client = connectHttp2(child.port, secure);
    let upload: ClientHttp2Stream | undefined;
    const answer = client.ask('/upload', (stream) => (upload = stream).write(Buffer.alloc(200_000)));
    const trailers = client.ask('/trailers');
    await child.line('request /trailers');
    const { ended } = await stop(child);
    await sleep(200);
    upload?.end(Buffer.alloc(100_000));
    t.match(await answer, { status: 200, body: '300000' });
    t.match(await trailers, { body: 'body', trailers: { 'x-sum': '42' } });
    t.match(await ended, clean);
  });

  t.test(`${kind}: a stuck stream is cut at the deadline, and named`, async (t) => {
    const child = await start(t, { ...setup, options: short });
    const client = connectHttp2(child.port, secure);
    const [hanging, unread] = [client.ask('/hang'), client.session.request({ ':path': '/flood' })];
    unread.on('error', () => {});
    await child.line('request /flood');
    const { ended } = await stop(child);
    t.type(await hanging, 'string', 'the client sees that it was cut');
    const result = await ended;
    t.match(result, {
      code: 1,
      signal: null,
      stderr: NOT_CLEAN,
      report: {
        connections: {
          cut: [
            { kind: 'request', name: /^GET \/hang, \d+\.\d s$/, lost: true },
            { kind: 'request', name: /^GET \/flood, \d+\.\d s$/, lost: true },
          ],
        },
        requests: { inFlight: 2, served: 0, cut: 2 },
      },
    });
    t.match(child.lines('waiting')[0], /GET \/hang, \d\.\d s/, 'and told before');
    t.ok(result.took < late, `${result.took} ms`);
  });

  t.test(`${kind}: an event stream ends at half of the drain, an endless response is cut`, async (t) => {
    const child = await start(t, { ...setup, options: halves });
    const client = connectHttp2(child.port, secure);
    const [events, own] = [client.ask('/events'), client.ask('/own-events')];
    await child.line('request /own-events');
    const { ended } = await stop(child);
    t.match(await own, { body: /data: bye\n\n$/ });
    t.match(await events, { status: 200, body: /(data: tick\n\n){3}/ });
    const result = await ended;
    t.match(result, { ...clean, report: { ...clean.report, requests: { inFlight: 2, served: 2 } } });
    t.ok(result.took >= 2_990, `${result.took} ms`);

    const other = await start(t, { ...setup, options: short });
    const endless = connectHttp2(other.port, secure).ask('/endless');
    await other.line('request /endless');
    const { ended: otherEnded } = await stop(other);
    t.type(await endless, 'string', 'no client takes half a response for a whole one');
    t.match(await otherEnded, {
      code: 1,
      signal: null,
      report: { connections: { cut: [{ name: /endless/ }] } },
    });
  });

  if (kind !== 'h2+http1') return;
  t.test(`${kind}: HTTP/1 is drained beside HTTP/2`, async (t) => {
    const child = await start(t, setup);
    const client = connectHttp2(child.port, secure);
    const answers = [client.ask('/hold?2'), askHttps(child.port, '/hold?1')];
    await Promise.all([child.line('request /hold?1'), child.line('request /hold?2')]);
    const { ended } = await stop(child);
    child.kill('SIGUSR2');
    t.match(await Promise.all(answers), [{ body: 'held' }, { body: 'held', connection: 'close' }]);
    t.match(await ended, {
      ...clean,
      report: {
        ...clean.report,
        connections: { open: 2, answered: 2 },
        requests: { inFlight: 2, served: 2 },
      },
    });
  });
}
