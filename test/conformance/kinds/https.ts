import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import type { Test } from 'tap';
import { askHttps, clientHello, keepAliveAgent, openTcp, openTls } from '../../helpers/https-client.ts';
import { clean, late, options, short, sleep, type StartServer, stop } from '../../helpers/shutdown.ts';
import { localAddress, NO_OUTSIDE } from '../../helpers/outside.ts';

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
    const child = await start(t, { ...setup, options: { keepAliveGrace: 4_000, handshakeTimeout: 0 } });
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

  const outside = { skip: NO_OUTSIDE ?? false };

  t.test(
    'HTTPS: a connection without a byte is closed after the grace, a fresh one later',
    outside,
    async (t) => {
      const child = await start(t, { ...setup, options: { keepAliveGrace: 250, handshakeTimeout: 1_500 } });
      const old = await openTcp(child.port, localAddress);
      await child.line('connection');
      await sleep(1_750);
      const fresh = await openTcp(child.port, localAddress);
      await child.line('connection', 2);
      const { ended } = await stop(child);
      await once(old.resume(), 'end');
      t.notOk(fresh.readableEnded, 'the fresh one is open');
      await once(fresh.resume(), 'end');
      const result = await ended;
      for (const silent of [old, fresh]) silent.destroy();
      t.match(result, clean);
      t.ok(result.took >= 1_000, `${result.took} ms`);
    },
  );

  t.test(
    'HTTPS: a handshake that is begun as late as one whose first packets were lost is served',
    outside,
    async (t) => {
      const child = await start(t, { ...setup, options: { keepAliveGrace: 250 } });
      const tcp = await openTcp(child.port, localAddress);
      await child.line('connection');
      const { ended } = await stop(child);
      await sleep(1_500);
      const secure = connectTls({ socket: tcp, rejectUnauthorized: false });
      await once(secure, 'secureConnect');
      await sleep(1_000);
      secure.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      t.match(
        String((await once(secure, 'data'))[0]),
        /^HTTP\/1\.1 200 OK\r\n(?:.+\r\n)*Connection: close\r\n/,
      );
      secure.destroy();
      t.match(await ended, { ...clean, report: { ...clean.report, requests: { served: 1 } } });
    },
  );

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

  t.test('HTTPS: a handshake that is never finished is cut at the deadline, and named: clean', async (t) => {
    const child = await start(t, { ...setup, options: short });
    const client = await openTcp(child.port);
    client.write((await clientHello()).subarray(0, 100));
    await child.line('connection');
    const { ended } = await stop(child);
    const result = await ended;
    t.match(result, {
      code: 0,
      signal: null,
      stderr: '',
      report: {
        clean: true,
        connections: { cut: [{ kind: 'tls-handshake', name: /^127\.0\.0\.1:\d+$/, lost: false }] },
        requests: { cut: 0 },
      },
    });
    t.ok(result.took < late, `${result.took} ms`);
    client.destroy();
  });
}
