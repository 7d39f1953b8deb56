import { once } from 'node:events';
import {
  connect as connectHttp2,
  createServer as createHttp2Server,
  type ServerHttp2Stream,
} from 'node:http2';
import { createServer as createRawServer, type Socket } from 'node:net';
import t from 'tap';
import { setTentative } from '../helpers/internals.ts';
import { create, createHolding, listen, open, request, until } from './in-process.ts';

t.test('the program takes a server over from --import, with the request in flight', async (t) => {
  const { server, held, release } = createHolding();
  const port = await listen(t, server);
  const first = create(t);
  first.attach(server);
  setTentative(server, true);
  const busy = await open(t, port, request('/hold'));
  await until(() => held.length === 1);

  const second = create(t);
  second.attach(server);
  t.strictSame([first.stats().servers, second.stats().inFlight], [0, 1]);
  t.throws(() => first.attach(server), { code: 'ERR_GRACEFUL_SERVER_OWNED' }, 'and keeps it');
  const done = second.shutdown();
  release();
  t.equal(await busy.ended, 'end');
  t.match(await done, { clean: true, requests: { inFlight: 1, served: 1 } });
});

t.test('with HTTP/2 sessions and their streams, which Node does not list', async (t) => {
  const streams: ServerHttp2Stream[] = [];
  const server = createHttp2Server().on('stream', (stream) => streams.push(stream));
  const port = await listen(t, server);
  const first = create(t);
  first.attach(server);
  setTentative(server, true);
  const client = connectHttp2(`http://127.0.0.1:${port}`);
  const answer = client.request({ ':path': '/' });
  const status = once(answer, 'response');
  answer.resume();
  await until(() => streams.length === 1);

  const second = create(t);
  second.attach(server);
  t.match(second.stats(), { open: 1, inFlight: 1 });
  const done = second.shutdown();
  streams[0]?.respond({ ':status': 200 });
  streams[0]?.end('ok');
  t.equal((await status)[0][':status'], 200);
  t.match(await done, {
    clean: true,
    connections: { open: 1, answered: 1 },
    requests: { inFlight: 1, served: 1 },
  });
  client.destroy();
});

t.test('and with raw sockets', async (t) => {
  const sockets: Socket[] = [];
  const server = createRawServer((socket) => sockets.push(socket.resume()));
  const port = await listen(t, server);
  const first = create(t);
  first.attach(server);
  setTentative(server, true);
  const client = await open(t, port, 'hello');
  await until(() => sockets.length === 1);

  const second = create(t);
  second.attach(server);
  t.equal(second.stats().open, 1);
  const done = second.shutdown();
  await until(() => second.state === 'draining');
  sockets[0]?.end('bye');
  client.socket.end();
  t.match(await done, { clean: true, connections: { open: 1, gone: 1 } });
  t.equal(client.received(), 'bye');
});
