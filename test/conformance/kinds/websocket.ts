import { once } from 'node:events';
import type { Test } from 'tap';
import { WebSocket } from 'ws';
import type { WebSocketSetup } from '../../fixtures/connections/websocket.ts';
import type { Child, Owner } from '../../helpers/child.ts';
import { clean, halves, options, sleep, stop } from '../../helpers/shutdown.ts';

/** Starts a program that does what `fixtures/connections/websocket.ts` says. */
export type StartWebSockets = (t: Owner, setup: WebSocketSetup) => Promise<Child>;

interface Client {
  readonly websocket: WebSocket;
  /** What came, long messages shortened to their first word. */
  readonly messages: readonly string[];
  readonly closed: Promise<{ readonly code: number; readonly messages: readonly string[] }>;
}

async function open(port: number, path = '/'): Promise<Client> {
  const websocket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
  websocket.on('error', () => {});
  const messages: string[] = [];
  websocket.on('message', (message) => messages.push((message as Buffer).toString().split(' ', 1)[0] ?? ''));
  const closed = new Promise<{ code: number; messages: string[] }>((resolve) => {
    websocket.on('close', (code) => resolve({ code, messages }));
  });
  if (path === '/') await once(websocket, 'message');
  return { websocket, messages, closed };
}

export function testWebSocket(t: Test, start: StartWebSockets): void {
  for (const deflate of [false, true]) {
    t.test(`WebSocket: all that is queued comes before Close 1001, deflate ${deflate}`, async (t) => {
      const child = await start(t, { options, deflate });
      const clients = await Promise.all([open(child.port), open(child.port)]);
      t.equal(clients[0].websocket.extensions, deflate ? 'permessage-deflate' : '');
      for (const { websocket } of clients) websocket.send('flood');
      await child.line('flooded', 2);
      const { ended } = await stop(child);
      const expected = ['hello', ...Array.from({ length: 20 }, (_, index) => String(index)), 'farewell'];
      for (const { closed } of clients) t.same(await closed, { code: 1_001, messages: expected });
      const result = await ended;
      t.match(result, { ...clean, report: { ...clean.report, connections: { open: 2, gone: 2 } } });
      t.same(child.lines('closed'), ['1001', '1001'], 'the client answered the Close');
    });
  }

  t.test('WebSocket: a client that never answers the Close gets FIN in time', async (t) => {
    const child = await start(t, { options: halves });
    const { websocket } = await open(child.port);
    websocket.pause();
    const { ended } = await stop(child);
    const result = await ended;
    t.match(result, clean);
    t.ok(result.took >= 2_990, `${result.took} ms`);
    websocket.terminate();
  });

  t.test('WebSocket: one opened, or accepted late, during the drain gets Close 1001', async (t) => {
    const child = await start(t, { options });
    const late = open(child.port, '/slow');
    await child.line('upgrade /slow');
    const { closed: other } = await open(child.port);
    const websocket = new WebSocket(`ws://127.0.0.1:${child.port}/`, { createConnection: undefined });
    const closed = new Promise((resolve) => websocket.on('close', resolve));
    await child.line('connection', 3);
    const { ended } = await stop(child);
    t.match(await (await late).closed, { code: 1_001, messages: ['hello'] });
    t.match(await other, { code: 1_001, messages: ['hello', 'farewell'] });
    t.equal(await closed, 1_001);
    t.match(await ended, clean);
  });

  t.test('WebSocket: requests in flight are answered beside it', async (t) => {
    const child = await start(t, { options });
    const { closed } = await open(child.port);
    const answer = fetch(`http://127.0.0.1:${child.port}/late`).then((response) => response.text());
    await child.line('request /late');
    const { ended } = await stop(child);
    t.equal(await answer, 'late');
    t.match(await closed, { code: 1_001 });
    await sleep(0);
    t.match(await ended, { ...clean, report: { ...clean.report, requests: { inFlight: 1, served: 1 } } });
  });
}
