import { Socket } from 'node:net';
import { protocolOf } from '../../node-internals/http.ts';

/** Node ends a response that said `Connection: close` with destroySoon: on this socket, `end` takes its place. */
export function replaceDestroySoon(socket: Socket, end: () => void): void {
  Object.defineProperty(socket, 'destroySoon', {
    configurable: true,
    value: () => {
      if (protocolOf(socket) === 'http') end();
      else Socket.prototype.destroySoon.call(socket);
    },
  });
}
