import { RETRY_DELAY_MS, type ClientContext, type ClientKind } from './client.ts';
import { formatRequest } from './request.ts';

/** Longest and shortest pause between the two halves. */
const MAX_PAUSE_MS = 600;
const MIN_PAUSE_MS = 200;

/** Client that sends half of a request head, and the other half a while later, each on a new connection. */
export const halfHead: ClientKind = {
  kind: 'halfHead',
  clients: (settings) => settings.halfHead,
  start: (context) => context.later(context.random() * MAX_PAUSE_MS, () => startHalves(context)),
};

function startHalves(context: ClientContext): void {
  const head = formatRequest(context, context.settings.path, { headers: ['X-Half: and half'] });
  const middle = head.length - 8;

  function next(): void {
    if (context.stopped) {
      context.ended();
      return;
    }
    const connection = context.connect();
    const pause = MIN_PAUSE_MS + context.random() * (MAX_PAUSE_MS - MIN_PAUSE_MS);
    const timer = setTimeout(() => connection.write(head.subarray(middle)), pause);
    context.attempt(connection, { bytes: head.subarray(0, middle), opened: true }, ({ outcome }) => {
      clearTimeout(timer);
      connection.close();
      if (outcome === 'answered') next();
      else context.later(RETRY_DELAY_MS, next);
    });
  }
  next();
}
