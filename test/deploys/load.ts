import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { send } from './send.ts';

/** How a request, a WebSocket or its handshake ended, with how often. */
export type Counts = Readonly<Record<string, number>>;

export interface Result {
  readonly ok: number;
  /** `GET 502`, `POST reset`, `WebSocket closed 1006`, … */
  readonly failed: Counts;
  /** WebSockets that were closed with 1001. */
  readonly goingAway: number;
}

export interface Load {
  readonly stop: () => Promise<Result>;
}

/** Pause of a client between an answer and its next request. */
const PAUSE_MS = 10;
interface Kind {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly keepAlive: boolean;
}

const several = (count: number, kind: Kind): readonly Kind[] => Array.from({ length: count }, () => kind);

const kinds: readonly Kind[] = [
  ...several(6, { method: 'GET', path: '/', keepAlive: true }),
  ...several(6, { method: 'POST', path: '/', keepAlive: true }),
  ...several(2, { method: 'GET', path: '/', keepAlive: false }),
  ...several(4, { method: 'POST', path: '/slow?ms=300', keepAlive: true }),
];

const WEBSOCKETS = 6;

/**
 * Clients that never try again: what one of them sees is what a user sees. A reset counts as much as a 5xx, since a
 * proxy may pass on the loss of its own connection as a reset of its client's (haproxy/haproxy issue 1423).
 */
export function startLoad(port: number, { websockets }: { readonly websockets: boolean }): Load {
  const failed: Record<string, number> = {};
  let ok = 0;
  let goingAway = 0;
  let stopped = false;
  const fail = (name: string): void => {
    // What fails after the stop of the load is not the deploy's.
    if (!stopped) failed[name] = (failed[name] ?? 0) + 1;
  };

  const clients = kinds.map(async ({ method, path, keepAlive }) => {
    const agent = new Agent({ keepAlive, maxSockets: 1 });
    while (!stopped) {
      const outcome = await send({ host: '127.0.0.1', port, method, path, agent });
      if (outcome === 'ok') ok += 1;
      else fail(`${method} ${outcome}`);
      await sleep(PAUSE_MS);
    }
    agent.destroy();
  });

  const sockets = Array.from({ length: websockets ? WEBSOCKETS : 0 }, async () => {
    while (!stopped) {
      const code = await converse(port, () => stopped);
      if (code === 1001) goingAway += 1;
      else fail(`WebSocket ${code}`);
      await sleep(PAUSE_MS);
    }
  });

  return {
    stop: async () => {
      stopped = true;
      await Promise.all([...clients, ...sockets]);
      return { ok, failed, goingAway };
    },
  };
}

/** Talks over one WebSocket until it is closed, or no longer wanted. Resolves with the code of the Close. */
function converse(port: number, stopped: () => boolean): Promise<number | string> {
  return new Promise((resolve) => {
    const websocket = new WebSocket(`ws://127.0.0.1:${port}/`);
    let handshake = 'no handshake';
    const timer = setInterval(() => {
      if (stopped()) websocket.terminate();
      else if (websocket.readyState === WebSocket.OPEN) websocket.send('hello');
    }, 50);
    websocket.on('unexpected-response', (_request, response) => {
      handshake = `handshake ${response.statusCode}`;
      websocket.terminate();
    });
    websocket.on('open', () => (handshake = ''));
    websocket.on('error', () => {});
    websocket.on('close', (code) => {
      clearInterval(timer);
      resolve(handshake === '' ? code : handshake);
    });
  });
}
