import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ConnectionHooks } from '../drain/connections.ts';
import type { DrainLimits } from '../drain/limits.ts';
import { hidden, upgradeStream } from '../node-internals/http.ts';
import { linger } from './linger.ts';

/** Going away: the status of a WebSocket whose server stops (RFC 6455, section 7.4.1). */
const GOING_AWAY = 1_001;

/** How often an upgraded connection is looked at, in milliseconds. */
const LOOK_MS = 100;

/** Turns of the loop in which messages that arrived before the Close are read first: a chatty client sends without end. */
const READ_TURNS = 10;

interface WebSocketLike {
  readonly close: (code: number) => void;
  /** Bytes that are not with the kernel yet. */
  readonly bufferedAmount: number;
}

/**
 * Ends a connection that left HTTP by an upgrade or CONNECT: by the application's `onUpgrade` hook, or, for a
 * WebSocket of the `ws` library, with Close 1001. Anything else has until the deadline.
 *
 * A client has half of the time that is left to answer the Close. Then it gets FIN, whether it is silent (one that lost
 * its network long ago must not hold up every shutdown) or chats on: all is said, and it has lost nothing by this one.
 *
 * @param saidAll - called when the FIN is sent
 */
export function endUpgraded(
  socket: Socket,
  hooks: ConnectionHooks,
  { left, unread }: DrainLimits,
  saidAll: () => void,
): void {
  const stream = upgradeStream(socket) ?? socket;
  if (socket.destroyed || hooks.upgraded(stream as Socket)) return;
  const enough = left() / 2;
  let websocket: WebSocketLike | undefined;
  let turns = 0;

  function look(): void {
    if (websocket === undefined) {
      // An application may check who it is before it accepts a WebSocket: then there is none yet.
      const found = webSocketOf(stream) ?? webSocketOf(socket);
      if (found === undefined) return;
      // What the client sent before it could know of the Close is answered: in state CLOSING nothing can be sent.
      if (unread(socket) && turns < READ_TURNS) {
        turns += 1;
        setImmediate(look);
        return;
      }
      websocket = found;
      websocket.close(GOING_AWAY);
    } else if (left() < enough && !(websocket.bufferedAmount > 0)) {
      clearInterval(timer);
      saidAll();
      linger(socket, { deaf: true });
    }
  }
  const timer = setInterval(look, LOOK_MS).unref();
  socket.once('close', () => clearInterval(timer));
  look();
}

/**
 * `ws` keeps its object on the socket under a symbol. Its own `close` sends what is queued first; a Close frame
 * written beside it would overtake messages that permessage-deflate is still compressing.
 */
function webSocketOf(stream: Duplex): WebSocketLike | undefined {
  const websocket = hidden<WebSocketLike>(stream, 'websocket');
  return typeof websocket?.close === 'function' ? websocket : undefined;
}
