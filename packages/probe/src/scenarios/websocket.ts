import { door } from '../clients/door.ts';
import { openWebSocket, webSocket as clients } from '../clients/websocket.ts';
import type { RequestContext } from '../clients/request.ts';
import type { Scenario } from './scenario.ts';

export const websocket: Scenario = {
  name: 'websocket',
  title: 'WebSocket',
  description: 'Clients hold a WebSocket open. Answered is who gets a Close frame.',
  kind: 'webSocket',
  clients: [clients, door],
  patient: true,
  inFlight: true,
  async check(context) {
    const { webSocketPath, path } = context.settings;
    for (const candidate of new Set([webSocketPath, path, '/ws', '/websocket', '/socket'])) {
      if (await upgrades(context, candidate)) return { load: { webSocketPath: candidate } };
    }
    return { missing: 'no WebSocket; give its path with --ws-path' };
  },
};

function upgrades(context: RequestContext, path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = openWebSocket(context, path);
    const settle = (result: boolean): void => {
      clearTimeout(timer);
      socket.terminate();
      resolve(result);
    };
    const timer = setTimeout(settle, 1_000, false);
    socket.once('open', () => settle(true));
    socket.on('error', () => settle(false));
  });
}
