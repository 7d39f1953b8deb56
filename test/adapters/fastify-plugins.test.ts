// Beside plugins that have a say in requests, connections or the close, with traffic in flight.
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, get, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import compress from '@fastify/compress';
import proxy from '@fastify/http-proxy';
import serveStatic from '@fastify/static';
import underPressure from '@fastify/under-pressure';
import websocket from '@fastify/websocket';
import Fastify, { type FastifyInstance } from 'fastify';
import t, { type Test } from 'tap';
import { WebSocket } from 'ws';
import gracefulCluster from '@graceful-cluster/fastify';

const quick = { signals: [], keepAliveGrace: 50, handshakeTimeout: 100 };

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

async function start(
  t: Test,
  add: (fastify: FastifyInstance) => Promise<void> | void,
): Promise<[FastifyInstance, number]> {
  const fastify = Fastify();
  await fastify.register(gracefulCluster, quick);
  await add(fastify);
  await fastify.listen({ port: 0, host: '127.0.0.1' });
  t.teardown(() => fastify.close());
  return [fastify, (fastify.server.address() as AddressInfo).port];
}

/** Resolves with the answer, or with the code of the error. */
function ask(port: number, path: string, onResponse?: () => void): Promise<Answer | string> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void => resolve(error.code ?? error.message);
    const headers = { 'accept-encoding': 'gzip' };
    const sent = get({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      onResponse?.();
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', failed);
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    sent.on('error', failed);
  });
}

function event(): [Promise<void>, () => void] {
  let happened = (): void => {};
  const promise = new Promise<void>((resolve) => {
    happened = resolve;
  });
  return [promise, happened];
}

/** Resolves when the listeners are off the network. */
async function closeNow(fastify: FastifyInstance): Promise<{ readonly closed: Promise<undefined> }> {
  const closing = once(fastify.coordinator.signal, 'abort');
  const closed = fastify.close();
  await closing;
  return { closed };
}

t.test('@fastify/compress: a compressed stream in flight is complete', async (t) => {
  const text = 'compress me '.repeat(10_000);
  const [fastify, port] = await start(t, async (fastify) => {
    await fastify.register(compress, { threshold: 0 });
    fastify.get('/stream', (_request, reply) => {
      void reply.type('text/plain').send(slowly(text));
    });
  });
  const [started, onResponse] = event();
  const answer = ask(port, '/stream', onResponse);
  await started;
  const { closed } = await closeNow(fastify);
  const { headers, body } = (await answer) as Answer;
  t.equal(headers['content-encoding'], 'gzip');
  t.equal(gunzipSync(body).toString(), text);
  await closed;
});

t.test('@fastify/static: a file in flight is complete', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'fastify-static-'));
  t.teardown(() => rm(root, { recursive: true }));
  const file = Buffer.alloc(16 * 1_024 * 1_024, 'x');
  await writeFile(join(root, 'file.bin'), file);
  const [fastify, port] = await start(t, async (fastify) => {
    await fastify.register(serveStatic, { root });
  });
  const [started, onResponse] = event();
  const answer = ask(port, '/file.bin', onResponse);
  await started;
  const { closed } = await closeNow(fastify);
  t.equal(((await answer) as Answer).body.length, file.length);
  await closed;
});

t.test('@fastify/http-proxy: a request on its way through is answered', async (t) => {
  const [inFlight, arrived] = event();
  const upstream = createServer((_request, response) => {
    arrived();
    setTimeout(() => response.end('from upstream'), 400);
  });
  await once(upstream.listen(0, '127.0.0.1'), 'listening');
  t.teardown(() => upstream.close());
  const [fastify, port] = await start(t, async (fastify) => {
    const { port } = upstream.address() as AddressInfo;
    await fastify.register(proxy, { upstream: `http://127.0.0.1:${port}` });
  });
  const answer = ask(port, '/any');
  await inFlight;
  const { closed } = await closeNow(fastify);
  const { status, body } = (await answer) as Answer;
  t.same([status, body.toString()], [200, 'from upstream']);
  await closed;
});

t.test('@fastify/under-pressure: nobody is answered 503 for the shutdown', async (t) => {
  const [inFlight, arrived] = event();
  const [fastify, port] = await start(t, async (fastify) => {
    await fastify.register(underPressure, { exposeStatusRoute: true, maxEventLoopDelay: 10_000 });
    fastify.get('/slow', (_request, reply) => {
      arrived();
      setTimeout(() => void reply.send('slow'), 400);
    });
  });
  t.match(await ask(port, '/status'), { status: 200 });
  const answer = ask(port, '/slow');
  await inFlight;
  const { closed } = await closeNow(fastify);
  t.match(await answer, { status: 200, body: Buffer.from('slow') });
  await closed;
});

t.test('@fastify/websocket: messages in flight arrive, then Close 1001', async (t) => {
  const [fastify, port] = await start(t, async (fastify) => {
    await fastify.register(websocket);
    fastify.get('/socket', { websocket: true }, (socket) => {
      for (let number = 0; number < 100; number += 1) socket.send(`message ${number}`);
      socket.on('message', (message: Buffer) => socket.send(`echo ${String(message)}`));
    });
  });
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`);
  const messages: string[] = [];
  socket.on('message', (message: Buffer) => messages.push(String(message)));
  const closed = once(socket, 'close');
  await once(socket, 'open');
  socket.send('hello');
  while (!messages.includes('echo hello')) await sleep(5);
  await fastify.close();
  const [code] = (await closed) as [number];
  t.equal(code, 1001);
  t.equal(messages.length, 101);
});

async function* chunks(text: string): AsyncGenerator<string> {
  const size = Math.ceil(text.length / 10);
  for (let from = 0; from < text.length; from += size) {
    yield text.slice(from, from + size);
    await sleep(40);
  }
}

function slowly(text: string): Readable {
  return Readable.from(chunks(text));
}
