// Beside middleware that wraps responses or connections, with traffic in flight.
import { once } from 'node:events';
import { createServer, get, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import compression from 'compression';
import express, { type Express, type RequestHandler } from 'express';
import session from 'express-session';
import { createProxyMiddleware } from 'http-proxy-middleware';
import morgan from 'morgan';
import t, { type Test } from 'tap';
import { createCoordinator, type ShutdownCoordinator } from '@graceful-cluster/core';
import { graceful } from '@graceful-cluster/express';

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

interface App {
  readonly coordinator: ShutdownCoordinator;
  readonly port: number;
  /** Resolves when `/slow` has been asked for. */
  readonly inFlight: Promise<void>;
}

declare module 'express-session' {
  interface SessionData {
    visits: number;
  }
}

const text = 'a long text '.repeat(10_000);

async function start(t: Test, middleware: RequestHandler, add?: (app: Express) => void): Promise<App> {
  const coordinator = createCoordinator({ signals: [], keepAliveGrace: 50, handshakeTimeout: 100 });
  const app = express();
  let arrived = (): void => {};
  const inFlight = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  app.use(middleware);
  app.use(graceful({ coordinator }));
  add?.(app);
  app.get('/slow', (_request, response) => {
    response.type('text/plain');
    response.write(text.slice(0, 1_000));
    arrived();
    setTimeout(() => response.end(text.slice(1_000)), 400);
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => coordinator.shutdown());
  return { coordinator, port: portOf(server), inFlight };
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

function ask(port: number, path: string, headers: Record<string, string> = {}): Promise<Answer | string> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void => resolve(error.code ?? error.message);
    const sent = get({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
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

/** Asks for `/slow`, shuts down meanwhile, and expects the report to be clean. */
async function stop(t: Test, { coordinator, port, inFlight }: App, headers = {}): Promise<Answer> {
  const answer = ask(port, '/slow', headers);
  await inFlight;
  const stopped = coordinator.shutdown('test');
  t.equal(await ask(port, '/slow'), 'ECONNREFUSED');
  const { clean, requests } = await stopped;
  t.same([clean, requests.cut], [true, 0]);
  coordinator.dispose();
  return (await answer) as Answer;
}

t.test('compression: a compressed response in flight is complete', async (t) => {
  const app = await start(t, compression());
  const { headers, body } = await stop(t, app, { 'accept-encoding': 'gzip' });
  t.equal(headers['content-encoding'], 'gzip');
  t.equal(gunzipSync(body).toString(), text);
});

t.test('morgan: the request in flight is logged with its status', async (t) => {
  const lines: string[] = [];
  const stream = { write: (line: string) => lines.push(line) };
  const app = await start(t, morgan(':method :url :status', { stream }));
  t.equal((await stop(t, app)).body.toString(), text);
  await sleep(20);
  t.same(lines, ['GET /slow 200\n']);
});

t.test('express-session: what the request in flight put into its session is saved', async (t) => {
  const store = new session.MemoryStore();
  const saved: session.SessionData[] = [];
  const set = store.set.bind(store);
  store.set = (id, data, callback) => {
    saved.push(data);
    set(id, data, callback);
  };
  const sessions = session({ secret: 'test', resave: false, saveUninitialized: true, store });
  const app = await start(t, sessions, (app) => {
    app.use((request, _response, next) => {
      request.session.visits = (request.session.visits ?? 0) + 1;
      next();
    });
  });
  const { headers, body } = await stop(t, app);
  t.match(headers['set-cookie']?.[0], /^connect\.sid=/);
  t.equal(body.toString(), text);
  t.match(saved, [{ visits: 1 }]);
});

t.test('http-proxy-middleware: a request on its way through is answered', async (t) => {
  let arrived = (): void => {};
  const inFlight = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const upstream = createServer((_request, response) => {
    arrived();
    setTimeout(() => response.end('from upstream'), 400);
  });
  await once(upstream.listen(0, '127.0.0.1'), 'listening');
  t.teardown(() => upstream.close());
  const target = `http://127.0.0.1:${portOf(upstream)}`;
  const { coordinator, port } = await start(
    t,
    (_request, _response, next) => next(),
    (app) => {
      app.use('/proxied', createProxyMiddleware({ target }));
    },
  );
  const answer = ask(port, '/proxied');
  await inFlight;
  t.equal((await coordinator.shutdown('test')).clean, true);
  t.match(await answer, { status: 200, body: Buffer.from('from upstream') });
  coordinator.dispose();
});
