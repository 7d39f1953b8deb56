import { once } from 'node:events';
import type { Test } from 'tap';
import type { RawSetup } from '../../fixtures/connections/raw.ts';
import type { Child, Owner } from '../../helpers/child.ts';
import { clientHello, openTcp, openTls } from '../../helpers/https-client.ts';
import { clean, halves, late, NOT_CLEAN, options, short, stop, untilCut } from '../../helpers/shutdown.ts';

/** Starts a program that does what `fixtures/connections/raw.ts` says. */
export type StartRaw = (t: Owner, setup: RawSetup) => Promise<Child>;

/** Sockets of servers that do not speak HTTP. */
export function testRaw(t: Test, start: StartRaw): void {
  for (const tls of [false, true]) {
    const name = tls ? 'tls.Server' : 'net.Server';
    const open = tls ? openTls : openTcp;

    t.test(`${name}: the application is told, and ends its sockets`, async (t) => {
      const child = await start(t, { options, tls, farewell: true });
      const sockets = await Promise.all([open(child.port), open(child.port)]);
      await child.line('open', 2);
      const { ended } = await stop(child);
      for (const socket of sockets) {
        let text = '';
        socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
        await once(socket, 'end');
        t.equal(text, 'bye');
        socket.end();
      }
      const result = await ended;
      t.match(result, { ...clean, report: { ...clean.report, connections: { open: 2, gone: 2 } } });
    });

    t.test(`${name}: a socket that nobody ends is cut at the deadline, and named`, async (t) => {
      const child = await start(t, { options: short, tls });
      const socket = await open(child.port);
      await child.line('open');
      const { ended } = await stop(child);
      socket.write('still here');
      t.match(await once(socket, 'data'), [Buffer.from('still here')], 'it works until then');
      const result = await ended;
      socket.destroy();
      t.match(result, {
        code: 1,
        signal: null,
        stderr: NOT_CLEAN,
        report: { connections: { cut: [{ kind: 'raw', name: /^127\.0\.0\.1:\d+$/, lost: true }] } },
      });
      t.ok(result.took >= untilCut && result.took < late, `${result.took} ms`);
    });
  }

  t.test('a client that never sends its FIN has lost nothing', async (t) => {
    const child = await start(t, { options: halves, farewell: true });
    const sockets = await Promise.all(Array.from({ length: 2 }, () => openTcp(child.port)));
    await child.line('open', 2);
    const { ended } = await stop(child);
    // One of them talks on, to a server that has said goodbye.
    const timer = setInterval(() => sockets[0]?.write('more'), 100);
    const result = await ended;
    clearInterval(timer);
    for (const socket of sockets) socket.destroy();
    t.match(result, { ...clean, report: { ...clean.report, connections: { cutTotal: 0, gone: 2 } } });
  });

  t.test('tls.Server: a handshake that is never finished is named', async (t) => {
    const child = await start(t, { options: short, tls: true, farewell: true });
    const socket = await openTcp(child.port);
    socket.write((await clientHello()).subarray(0, 50));
    await child.line('connection');
    const { ended } = await stop(child);
    const result = await ended;
    socket.destroy();
    t.match(result, {
      code: 0,
      signal: null,
      report: { clean: true, connections: { cut: [{ kind: 'tls-handshake', lost: false }] } },
    });
  });
}
