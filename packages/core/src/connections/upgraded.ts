import type { Socket } from 'node:net';
import type { ConnectionHooks } from './connections.ts';

/** Going away: the status of a WebSocket whose server stops (RFC 6455, section 7.4.1). */
const GOING_AWAY = 1_001;

interface WebSocketLike {
  readonly close: (code: number) => void;
}

/**
 * Ends a connection that left HTTP by an upgrade or CONNECT: by the application's `onUpgrade` hook, or, for a
 * WebSocket of the `ws` library, with Close 1001. Anything else has until the deadline.
 *
 * `ws` keeps its object on the socket under a symbol. Its own `close` sends what is queued first; a Close frame
 * written beside it would overtake messages that permessage-deflate is still compressing.
 */
export function endUpgraded(socket: Socket, hooks: ConnectionHooks): void {
  if (socket.destroyed || hooks.upgraded(socket)) return;
  const symbol = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'websocket');
  if (symbol === undefined) return;
  const websocket = (socket as unknown as Readonly<Record<symbol, Partial<WebSocketLike> | undefined>>)[
    symbol
  ];
  if (typeof websocket?.close === 'function') websocket.close(GOING_AWAY);
}
