// Connections that the application has ended, while their clients keep their own half open: nothing is owed to those.
import { once } from 'node:events';
import t from 'tap';
import { startChild, type Child, type Owner } from '../helpers/child.ts';
import { openTcp } from '../helpers/https-client.ts';
import { clean, halves, sleep, stop } from '../helpers/shutdown.ts';

t.jobs = 4;

const start = (t: Owner): Promise<Child> => startChild(t, 'connections/half-closed', { args: [halves] });

interface Way {
  readonly bytes: string;
  readonly line: string;
  readonly answer: RegExp;
  readonly report: object;
}

const ways: Readonly<Record<string, Way>> = {
  'a request whose socket is ended': {
    bytes: 'GET /end HTTP/1.1\r\nHost: a\r\n\r\n',
    line: 'request /end',
    answer: /^half an answer$/,
    report: { requests: { inFlight: 1, served: 0, cut: 0, gone: 1 } },
  },
  'an upgrade that is refused': {
    bytes: 'GET /refused HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    line: 'upgrade',
    answer: /^HTTP\/1.1 401 /,
    report: {},
  },
  'a CONNECT that is ended': {
    bytes: 'CONNECT b:1 HTTP/1.1\r\nHost: b:1\r\n\r\n',
    line: 'connect',
    answer: /^HTTP\/1.1 200 /,
    report: {},
  },
  'what is no HTTP': {
    bytes: 'NONSENSE\r\n\r\n',
    line: 'clientError',
    answer: /^HTTP\/1.1 400 /,
    report: {},
  },
};

for (const [name, { bytes, line, answer, report }] of Object.entries(ways)) {
  t.test(`${name}: a client that never ends its half does not hold up the stop`, async (t) => {
    const child = await start(t);
    const socket = await openTcp(child.port);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.write(bytes);
    await child.line(line);
    const { ended } = await stop(child);
    const result = await ended;
    t.match(result, { ...clean, report: { ...clean.report, ...report } });
    t.equal(result.report.connections.cutTotal, 0, 'nothing is left at the deadline');
    t.match(text, answer);
    socket.destroy();
  });
}

t.test('an upload through a tunnel whose other half has ended goes on', async (t) => {
  const child = await start(t);
  const socket = await openTcp(child.port);
  socket.write('CONNECT b:1 HTTP/1.1\r\nHost: b:1\r\n\r\n');
  await child.line('connect');
  if (!socket.readableEnded) await once(socket.resume(), 'end');
  const { ended } = await stop(child);
  // Beyond half of the time.
  for (let count = 0; count < 40; count += 1) {
    socket.write('x');
    await sleep(100);
  }
  socket.end();
  t.match(await ended, clean);
  t.same(child.lines('uploaded'), ['x'.repeat(40)]);
});
