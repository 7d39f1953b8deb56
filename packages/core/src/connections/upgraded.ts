import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ConnectionHooks } from '../drain/connections.ts';
import type { DrainLimits } from '../drain/limits.ts';
import { hidden, upgradeStream } from '../node-internals/http.ts';
import { createHalfClosed } from './half-closed.ts';
import { linger } from './linger.ts';
import { createSchedule } from './schedule.ts';

/** Going away: the status of a WebSocket whose server stops (RFC 6455, section 7.4.1). */
const GOING_AWAY = 1_001;

/** Time between two looks at a connection that is not ready, in milliseconds. */
const LOOK_MS = 100;

/**
 * Turns of the loop in which messages that arrived before the Close are read first: a chatty client sends without end.
 */
const READ_TURNS = 10;

interface WebSocketLike {
  readonly close: (code: number) => void;
  /** Bytes that are not with the kernel yet. */
  readonly bufferedAmount: number;
}

/** Ends connections that left HTTP by an upgrade or CONNECT. */
export interface UpgradedEndings {
  /** @param saidAll - called when the FIN is sent */
  readonly end: (socket: Socket, saidAll: () => void) => void;
  readonly stop: () => void;
}

interface Upgraded {
  readonly socket: Socket;
  readonly stream: Duplex;
  readonly saidAll: () => void;
  turns: number;
}

/**
 * Ends upgraded connections by the application's `onUpgrade` hook, or a WebSocket of the `ws` library by Close 1001.
 * Anything else has until the deadline.
 *
 * A client has half of the time that is left to answer the Close. Then it gets FIN, whether it is silent (one that lost
 * its network long ago must not hold up every shutdown) or goes on sending: all is said, and nothing is lost.
 */
export function createUpgradedEndings(hooks: ConnectionHooks, limits: () => DrainLimits): UpgradedEndings {
  const halfClosed = createHalfClosed(limits);
  const begun = createSchedule<Upgraded>(sayClose);
  const closing = createSchedule<[Upgraded, WebSocketLike]>(([each, websocket]) => finish(each, websocket));

  function sayClose(each: Upgraded): void {
    const { socket, stream } = each;
    if (socket.destroyed) return;
    // An application may authenticate the client before it accepts: then there is no WebSocket yet.
    const websocket = webSocketOf(stream) ?? webSocketOf(socket);
    if (websocket === undefined) {
      begun.set(each, LOOK_MS);
      return;
    }
    // What the client sent before it could know of the Close is answered: in state CLOSING nothing can be sent.
    if (limits().unread(socket) && each.turns < READ_TURNS) {
      each.turns += 1;
      begun.set(each, 0);
      return;
    }
    websocket.close(GOING_AWAY);
    closing.set([each, websocket], limits().left() / 2);
  }

  function finish(each: Upgraded, websocket: WebSocketLike): void {
    const { socket, saidAll } = each;
    if (socket.destroyed) return;
    if (websocket.bufferedAmount > 0) {
      closing.set([each, websocket], LOOK_MS);
      return;
    }
    saidAll();
    linger(socket, { deaf: true });
  }

  return {
    end: (socket, saidAll) => {
      const stream = upgradeStream(socket) ?? socket;
      if (socket.destroyed) return;
      const told = hooks.upgraded(stream as Socket);
      halfClosed.watch(socket, saidAll, !told);
      if (told) return;
      begun.set({ socket, stream, saidAll, turns: 0 }, 0);
    },
    stop: () => {
      halfClosed.stop();
      begun.stop();
      closing.stop();
    },
  };
}

/**
 * `ws` keeps its object on the socket under a symbol. Its own `close` sends what is queued first; a Close frame
 * written beside it would overtake messages that permessage-deflate is still compressing.
 */
function webSocketOf(stream: Duplex): WebSocketLike | undefined {
  const websocket = hidden<WebSocketLike>(stream, 'websocket');
  return typeof websocket?.close === 'function' ? websocket : undefined;
}
