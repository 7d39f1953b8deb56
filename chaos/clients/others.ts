import { connect as connectHttp2 } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { monotonic } from '../clock.ts';
import { isRefusal, type Attempt } from './attempt.ts';
import type { Surroundings } from './surroundings.ts';

const GOING_AWAY = 1001;
const RETRY_MS = 100;
const MESSAGE_MS = 40;

/** A WebSocket that chats: it is owed Close 1001, and until then an echo of whatever it says. */
export async function chat(around: Surroundings): Promise<void> {
  const { where, ledger, group, over, all } = around;
  if (!('port' in where)) return;
  while (!over()) {
    const attempt = ledger.open(group.kind);
    const websocket = new WebSocket(`ws://${where.host}:${where.port}/?id=${attempt.id}`);
    const timer = setInterval(() => {
      if (websocket.readyState === WebSocket.OPEN) websocket.send('hello');
    }, MESSAGE_MS);
    websocket.on('upgrade', ({ socket }) => {
      attempt.connected = true;
      attempt.localPort = socket.localPort ?? 0;
      attempt.sentAt = monotonic();
      all.add(socket.once('close', () => all.delete(socket)));
    });
    await new Promise<void>((resolve) => {
      websocket.on('error', (error: NodeJS.ErrnoException) => {
        const code = error.code ?? error.message;
        ledger.settle(attempt, !attempt.connected && isRefusal(code) ? 'refused' : 'lost', code);
      });
      websocket.once('close', (code) => {
        ledger.settle(attempt, code === GOING_AWAY ? 'answered' : 'lost', `closed with ${code}`);
        resolve();
      });
    });
    clearInterval(timer);
    await sleep(RETRY_MS);
  }
}

/** One HTTP/2 session with requests one after the other, some slow; a refused stream was not processed. */
export async function converse(around: Surroundings): Promise<void> {
  const { over } = around;
  while (!over()) {
    await holdSession(around);
    await sleep(RETRY_MS);
  }
}

async function holdSession({ where, secure, ledger, group, random, over, all }: Surroundings): Promise<void> {
  if (!('port' in where)) return;
  const { host, port } = where;
  let failure = '';
  let last: Attempt = ledger.open(group.kind);
  const session = connectHttp2(`${secure ? 'https' : 'http'}://${host}:${port}`, {
    rejectUnauthorized: false,
  });
  session.on('error', (error: NodeJS.ErrnoException) => (failure ||= error.code ?? error.message));
  const closed = new Promise<void>((resolve) => session.once('close', () => resolve()));
  const connected = new Promise<void>((resolve) => session.once('connect', () => resolve()));
  await Promise.race([connected, closed]);
  if (session.destroyed) {
    ledger.settle(last, isRefusal(failure) ? 'refused' : 'lost', `before the request: ${failure}`);
    return;
  }
  last.connected = true;
  last.localPort = session.socket.localPort ?? 0;
  all.add(session);
  void closed.then(() => all.delete(session));
  for (let first = true; !over() && !session.closed && !session.destroyed; first = false) {
    if (!first) last = ledger.open(group.kind, last);
    const path = random.chance(0.3) ? `/slow?ms=${random.between(50, 600)}&id=${last.id}` : `/?id=${last.id}`;
    last.sentAt = monotonic();
    const how = await requestOn(session, path, last.id);
    // REFUSED_STREAM, or a session that had said GOAWAY: the client may ask elsewhere, nothing was done.
    ledger.settle(last, how === '' ? 'answered' : how === 'refused' ? 'left' : 'lost', `${how} ${failure}`);
    await sleep(random.between(0, group.think));
  }
  session.destroy();
}

const REFUSED_STREAM = 7;

function requestOn(session: ReturnType<typeof connectHttp2>, path: string, id: string): Promise<string> {
  return new Promise((resolve) => {
    let body = '';
    let failure = '';
    let stream;
    try {
      stream = session.request({ ':path': path });
    } catch {
      // ERR_HTTP2_GOAWAY_SESSION, ERR_HTTP2_INVALID_SESSION: nothing was sent.
      resolve('refused');
      return;
    }
    const asked = stream;
    asked.setEncoding('utf8').on('data', (text: string) => (body += text));
    asked.on('error', (error: NodeJS.ErrnoException) => (failure ||= error.code ?? error.message));
    asked.on('close', () => {
      if (asked.rstCode === REFUSED_STREAM || failure === 'ERR_HTTP2_GOAWAY_SESSION') resolve('refused');
      else if (body === id && failure === '' && asked.rstCode === 0) resolve('');
      else resolve(`stream ${asked.rstCode} ${failure} ${JSON.stringify(body.slice(0, 50))}`);
    });
    asked.end();
  });
}
