import { RETRY_DELAY, type ClientContext, type ClientKind } from './client.ts';
import { formatRequest } from './request.ts';

/** Longest and shortest time in milliseconds between the two halves. */
const LONGEST = 600;
const SHORTEST = 200;

/** Sends half of a request head, and the other half a while later, each on a new connection. */
export const halfHead: ClientKind = {
  kind: 'halfHead',
  clients: (settings) => settings.halfHead,
  start: (context) => context.later(context.random() * LONGEST, () => startHalves(context)),
};

function startHalves(context: ClientContext): void {
  const head = formatRequest(context.target, context.settings.path, { headers: ['X-Half: and half'] });
  const middle = head.length - 8;

  function next(): void {
    if (context.stopped) {
      context.ended();
      return;
    }
    const connection = context.connect();
    const pause = SHORTEST + context.random() * (LONGEST - SHORTEST);
    const timer = setTimeout(() => connection.write(head.subarray(middle)), pause);
    context.attempt(connection, { bytes: head.subarray(0, middle), opened: true }, ({ outcome }) => {
      clearTimeout(timer);
      connection.close();
      if (outcome === 'answered') next();
      else context.later(RETRY_DELAY, next);
    });
  }
  next();
}
