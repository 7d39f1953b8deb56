// A TLS handshake that begins when the server is about to give its connection up.
import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import t from 'tap';
import { openTcp, openTls } from '../helpers/https-client.ts';
import { loadSystemCalls } from '../helpers/internals.ts';
import { clean, sleep, startServer, stop } from '../helpers/shutdown.ts';

const native = loadSystemCalls();
const head = 'POST /busy HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n';

t.test(
  'it is served, also where the last poll was busy',
  { skip: native.calls === undefined ? native.why : false },
  async (t) => {
    const child = await startServer(t, {
      kind: 'https',
      options: { keepAliveGrace: 2_000, handshakeTimeout: 0 },
    });
    const silent = await openTcp(child.port);
    const busy = [await openTls(child.port), await openTls(child.port)];
    for (const socket of busy) socket.resume().write(head);
    await child.line('request /busy', 2);
    const { ended } = await stop(child);
    await sleep(1_000);
    // The grace ends within the first, and the next poll has the second.
    for (const [index, socket] of busy.entries()) {
      socket.write('body');
      await child.line('busy', index + 1);
    }
    const secure = connectTls({ socket: silent, rejectUnauthorized: false });
    await once(secure, 'secureConnect');
    secure.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    t.match(
      String((await once(secure, 'data'))[0]),
      /^HTTP\/1\.1 200 OK\r\n(?:.+\r\n)*Connection: close\r\n/,
    );
    for (const socket of [secure, ...busy]) socket.destroy();
    t.match(await ended, { ...clean, report: { ...clean.report, requests: { inFlight: 2, served: 3 } } });
  },
);
