import { once } from 'node:events';
import type { Test } from 'tap';
import { askHttps, clientHello, keepAliveAgent, openTcp, openTls } from '../../helpers/https-client.ts';
import { clean, options, short, stop, type StartServer } from '../../helpers/shutdown.ts';

const setup = { kind: 'https', options } as const;

/** HTTP/1 over TLS: one connection from the TCP handshake on. */
export function testHttps(t: Test, start: StartServer): void {
  t.test('HTTPS: a request in flight is answered', async (t) => {
    const child = await start(t, setup);
    const answer = askHttps(child.port, '/hold');
    await child.line('request /hold');
    const { ended } = await stop(child);
    child.kill('SIGUSR2');
    t.same(await answer, { status: 200, connection: 'close', body: 'held' });
    t.match(await ended, {
      ...clean,
      report: {
        ...clean.report,
        connections: { open: 1, answered: 1 },
        requests: { inFlight: 1, served: 1 },
      },
    });
  });

  t.test('HTTPS: an idle connection is served within its grace, then closed', async (t) => {
    const child = await start(t, setup);
    const agent = keepAliveAgent();
    await askHttps(child.port, '/', agent);
    const silent = await openTls(child.port);
    const { ended } = await stop(child);
    t.same(await askHttps(child.port, '/', agent), { status: 200, connection: 'close', body: 'ok' });
    await once(silent.resume(), 'close');
    agent.destroy();
    t.match(await ended, {
      ...clean,
      report: { ...clean.report, connections: { open: 2, answered: 1, idle: 1 }, requests: { served: 1 } },
    });
  });

  t.test('HTTPS: a connection without a byte is closed after the grace', async (t) => {
    const child = await start(t, setup);
    const silent = await openTcp(child.port);
    await child.line('connection');
    const { ended } = await stop(child);
    await once(silent.resume(), 'end');
    const result = await ended;
    silent.destroy();
    t.match(result, clean);
    t.ok(result.took < 1_500, `${result.took} ms`);
  });

  t.test('HTTPS: a handshake that is finished during the drain is served', async (t) => {
    const child = await start(t, setup);
    const agent = keepAliveAgent();
    const answer = askHttps(child.port, '/', agent);
    await child.line('connection');
    const { ended } = await stop(child);
    t.match(await answer, { status: 200, body: 'ok' });
    agent.destroy();
    t.match(await ended, clean);
  });

  t.test('HTTPS: a handshake that is never finished is cut at the deadline, and named', async (t) => {
    const child = await start(t, { ...setup, options: short });
    const client = await openTcp(child.port);
    client.write((await clientHello()).subarray(0, 100));
    await child.line('connection');
    const { ended } = await stop(child);
    const result = await ended;
    t.match(result, {
      code: 1,
      signal: null,
      stderr: '',
      report: {
        connections: { cut: [{ kind: 'tls-handshake', name: /^127\.0\.0\.1:\d+$/, lost: true }] },
        requests: { cut: 0 },
      },
    });
    t.ok(result.took < short.timeout, `${result.took} ms`);
    client.destroy();
  });
}
